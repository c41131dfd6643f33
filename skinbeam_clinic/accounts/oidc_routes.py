"""Routes of the sign-in at an OpenID Connect provider, and of the identities that belong to members.

Where none is configured, identities can still be removed, and the other addresses are as if they did not exist.
"""

from fastapi.responses import Response

from skinbeam_clinic.accounts.oidc_provider import OidcSubject
from skinbeam_clinic.accounts.oidc_sign_in import OidcSignIn, OidcStart
from skinbeam_clinic.accounts.routes import show_account, show_members, show_sign_in
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.web.client import OIDC_COOKIE, SESSION_COOKIE, drop_cookie, read_cookie, set_cookie
from skinbeam_clinic.web.request import ClinicRequest, sign_in_page
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_oidc_routes"]

_RETURN_PATH = "/sign-in/oidc/return"


def add_oidc_routes(router: ClinicRouter) -> None:
    """Add the routes of OpenID Connect."""
    router.add("POST", "/sign-in/oidc", _begin_sign_in, form=show_sign_in)
    router.add("GET", _RETURN_PATH, _finish, form=show_sign_in)
    router.add("POST", "/account/identities", _begin_binding, form=show_account)
    router.add("POST", "/account/identities/{identity}/remove", _remove_own_identity)
    router.add("POST", "/people/{member}/identities", _bind_identity, form=show_members)
    router.add("POST", "/people/{member}/identities/{identity}/remove", _remove_identity)


def _oidc(request: ClinicRequest) -> OidcSignIn:
    if request.services.oidc is None:
        raise clinic_error("absent", "path")
    return request.services.oidc


def _begin_sign_in(request: ClinicRequest) -> Response:
    oidc = _oidc(request)
    start = oidc.begin(request.text("house"), request.address(_RETURN_PATH))
    # The browser does not send the cookie of its session when it comes back, so an earlier session ends here.
    if before := read_cookie(request.http_request, SESSION_COOKIE):
        request.services.sign_in.sign_out(before)
    return _send_away(request, start)


def _begin_binding(request: ClinicRequest) -> Response:
    oidc = _oidc(request)
    request.accounts.confirm_password(request.raw_text("password"))
    start = oidc.begin_binding(request.member_session, request.address(_RETURN_PATH))
    return _send_away(request, start)


def _send_away(request: ClinicRequest, start: OidcStart) -> Response:
    """Answer with a page that leads to the provider: a form of ours may not be redirected to another site."""
    answer = request.page("onward.html", to=start.address)
    set_cookie(request.http_request, answer, OIDC_COOKIE, start.cookie)
    return answer


def _finish(request: ClinicRequest) -> Response:
    """Begin the session, or bind the identity.

    The answer is a page that leads on: a redirect would count as sent by the provider's site, and the browser would
    not send the new session's cookie with it.
    """
    oidc, cookie = _oidc(request), read_cookie(request.http_request, OIDC_COOKIE)
    signed = oidc.finish(cookie, request.http_request.query_params, request.address(_RETURN_PATH))
    request.session = None  # a session of before is none of this page
    to = "/account" if signed is None else sign_in_page(signed.step_due) if signed.step_due else "/"
    answer = request.page("onward.html", to=to)
    drop_cookie(request.http_request, answer, OIDC_COOKIE)
    if signed is not None:
        set_cookie(request.http_request, answer, SESSION_COOKIE, signed.token)
    return answer


def _remove_own_identity(request: ClinicRequest) -> Response:
    request.identities.remove_own(request.path_parameter("identity"))
    return request.redirect("/account")


def _bind_identity(request: ClinicRequest) -> Response:
    subject = OidcSubject(_oidc(request).provider.settings.issuer, request.text("subject"))
    request.confirm_own_password()
    request.identities.bind(request.path_parameter("member"), subject)
    return request.redirect("/people")


def _remove_identity(request: ClinicRequest) -> Response:
    request.identities.remove(request.path_parameter("member"), request.path_parameter("identity"))
    return request.redirect("/people")
