// Asks now and then whether an alarm waits, so that a page that stays open says so. Without it the next page does.
"use strict";
{
  const box = document.getElementById("alarms");
  let told = "";
  setInterval(async () => {
    try {
      const answer = await fetch("/alarms/banner", { redirect: "manual" });
      const now = answer.ok ? await answer.text() : told;
      if (now !== told) box.innerHTML = now; // what is read aloud is read once
      told = now;
    } catch {
      // The server is away: it is asked again.
    }
  }, 20000);
}
