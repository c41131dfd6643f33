"""Every page of a clinic that links lead to, and what is wrong with one in whatever browser shows it."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from skinbeam_clinic.access import ROUTES

__all__ = ["CONTROLS", "FAULTS", "WIDTHS", "find_pages"]

WIDTHS = {390: 844, 820: 1180, 1280: 900}  # of a telephone, a tablet and a desk, with their heights
# What a person at a screen, with a finger or with a screen reader stumbles over; texts, none where all is well.
FAULTS = r"""
const found = [], wide = document.documentElement.clientWidth;
const say = (kind, one, more) => found.push(`${kind}: ${one.tagName.toLowerCase()}${one.id ? '#' + one.id : ''} `
  + `"${(one.textContent || one.name || '').trim().replace(/\s+/g, ' ').slice(0, 40)}"${more ? ' ' + more : ''}`);
const style = one => getComputedStyle(one);
const shown = one => one.checkVisibility ? one.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true})
  : one.getClientRects().length && style(one).visibility === 'visible';
const hidden = one => one.closest('.hidden, [aria-hidden=true], thead') !== null && style(one).clipPath !== 'none'
  || one.closest('.hidden') !== null;
const scrolled = one => {
  let at = one;
  while (at && !['auto', 'scroll', 'hidden'].includes(style(at).overflowX)) at = at.parentElement;
  return at !== null;
};

const whole = document.documentElement.scrollWidth;
if (whole > wide) found.push(`wider than the window: ${whole}`);
const all = [...document.body.querySelectorAll('*')].filter(one => shown(one) && !hidden(one));
for (const one of all) {
  const box = one.getBoundingClientRect();
  if (box.width && (box.right > wide + 1 || box.left < -1) && !scrolled(one) && !one.closest('svg svg, svg *'))
    say('sticks out', one, `${Math.round(box.left)} to ${Math.round(box.right)}`);
}

const controls = all.filter(one => one.matches('a[href], button, input:not([type=hidden]), select, textarea, summary')
  && !one.closest('svg'));
const boxes = controls.map(one => [...one.getClientRects()]);
controls.forEach((one, i) => controls.slice(i + 1).forEach((other, j) => {
  if (one.contains(other) || other.contains(one)) return;
  const shared = (a, b, low, high) => Math.min(a[high], b[high]) - Math.max(a[low], b[low]);
  const lies = (a, b) => shared(a, b, 'left', 'right') > 2 && shared(a, b, 'top', 'bottom') > 4;
  if (boxes[i].some(a => boxes[i + 1 + j].some(b => lies(a, b)))) say('lies on', one, other.textContent.trim());
}));
for (const one of controls.filter(one => one.matches('button, .button')))
  if (one.scrollWidth > one.clientWidth + 1) say('text beyond its button', one);
const heads = all.filter(one => one.matches('h1, h2, h3, h4'));
if (heads.filter(one => one.tagName === 'H1').length !== 1) found.push('not one h1');
for (const one of all) {
  const turned = style(one).order !== '0' || style(one).flexDirection.endsWith('reverse');
  if (turned) say('seen in another order than read', one);
}
let level = 0;
for (const one of heads) {
  if (Number(one.tagName[1]) > level + 1) say('a level of headings is missing before', one);
  level = Number(one.tagName[1]);
}
const called = one => (one.getAttribute('aria-label') || (document.getElementById(one.getAttribute('aria-labelledby'))
  || one).textContent || '').trim();
const regions = all.filter(one => one.matches('section[aria-label], section[aria-labelledby], [role=region], nav'));
regions.forEach((one, i) => { if (regions.slice(0, i).some(other => called(other) === called(one)))
  say('called like another part of the page', one); });
if (!document.title.trim() || !document.documentElement.lang) found.push('no title or language');
if (document.querySelectorAll('main').length !== 1) found.push('not one main part');
if (document.querySelector('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])')) found.push('an order of its own');
for (const one of document.querySelectorAll('[id]'))
  if (document.getElementById(one.id) !== one) say('an id twice', one);
for (const one of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
  for (const name of ['aria-labelledby', 'aria-describedby'])
    for (const id of (one.getAttribute(name) || '').split(' ').filter(Boolean))
      if (!document.getElementById(id)) say(`${name} ${id} is nowhere`, one);
for (const one of document.querySelectorAll('label[for]'))
  if (!document.getElementById(one.htmlFor)) say('a label of nothing', one);

// A finger needs 24 px (WCAG 2.2, 2.5.8); a link within a text, and a box whose label is touched, need not be so large.
for (const one of controls.filter(one => one.matches('button, select, textarea, .button, summary, input'))) {
  let box = one.getBoundingClientRect();
  if (one.matches('[type=checkbox], [type=radio]')) {
    if (!one.labels.length) { say('no label to touch', one); continue; }
    const label = one.labels[0].getBoundingClientRect();
    const beside = label.top < box.bottom && box.top < label.bottom;
    box = {height: Math.max(label.height, beside ? box.height : 0), width: label.width + (beside ? box.width : 0)};
  }
  if (box.height < 24 || box.width < 24) {
    say('too small for a finger', one, `${Math.round(box.width)} x ${Math.round(box.height)}`);
  }
}
return [...new Set(found)];
"""
_LINK = re.compile(r'(?:href|action)="(/[^"#?]*)"')
_ROUTES = {
    path: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))) for method, path in ROUTES if method == "GET"
}
# Controls of which a screen reader must be told name and role.
CONTROLS = """
return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')].filter(
  one => one.getClientRects().length && getComputedStyle(one).visibility === 'visible');
"""
Fetch = Callable[[str], tuple[str, str]]  # address → kind of content, text


def find_pages(fetch: Fetch, begin: Iterator[str], most: int) -> Mapping[str, list[str]]:
    """Return the addresses of pages by route, at most some of each, as links lead to them from those to begin with."""
    waiting, seen, pages = list(begin), set[str](), defaultdict[str, list[str]](list)
    while waiting:
        address = waiting.pop(0)
        route = next((path for path, pattern in _ROUTES.items() if pattern.fullmatch(address)), "")
        if address in seen or not route or len(pages[route]) >= most:
            continue
        seen.add(address)
        kind, text = fetch(address)
        if not kind.startswith("text/html"):
            continue
        pages[route].append(address)
        waiting += _LINK.findall(text)
    return {route: found for route, found in pages.items() if found}
