"""What can go wrong between a pull and its server, told without a word of the server."""

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _, mark

FAULTS = {
    "no_connection": mark("the server cannot be reached"),
    "tls": mark("the server's certificate is not valid"),
    "private": mark("its address lies in a private network, which study.toml does not permit"),
    "no_tls": mark("its address is not https, which study.toml does not permit"),
    "other_host": mark("the server points to another server, which is not followed"),
    "redirect": mark("the server redirects elsewhere, which is not followed; correct its url"),
    "too_slow": mark("the server did not answer in time"),
    "deadline": mark("the pull took longer than deadline_seconds of study.toml"),
    "too_large": mark("the answer is larger than study.toml permits"),
    "cut": mark("an answer was cut off"),
    "busy": mark("the server asks to come back later"),
    "html": mark("the server answered with a web page; check its url, and whether its API is on"),
    "status": mark("the server refused ({status})"),
    "login": mark("the server does not accept the user or secret; nothing is tried again"),
    "locked": mark("the server refuses logins for some minutes, after failed ones; wait"),
    "expired": mark("the server ended the session twice"),
    "api_off": mark("the server gave an empty answer: its API is switched off"),
    "forbidden": mark("the user may not read this form, or it does not exist"),
    "language": mark("the form does not exist in this language"),
    "not_active": mark("the form is not active: its responses can no longer be exported; alert"),
    "anonymous": mark("the form is anonymous: its answers could never be linked to persons"),
    "no_token": mark("the responses of the form carry no token of their participants"),
    "no_participants": mark("the form has no table of participants"),
    "not_whole": mark("what arrived is not whole; nothing of it is taken"),
    "lost_responses": mark("too many responses are gone at once; nothing is taken until checked"),
    "missing_fields": mark("the server held back columns of the form; ask for full export rights"),
    "no_column": mark("the form has no column {columns}, which the protocol declares"),
    "unknown": mark("the server answered something unknown"),
    "no_server": mark("study.toml has no [servers.{server}]"),
    "no_secret": mark("the environment does not hold {variable}"),
    "bad_form": mark("study.toml does not name the form as this kind of server does"),
    "not_asked_again": mark("not asked again tonight: it refused the login of another form"),
}
PASSING = frozenset({"cut", "not_whole"})
"""Faults of an export that a second whole export may not have."""


class ServerFault(InfrastructureError):
    """Why a form could not be pulled. Holds a code and a sentence, never a word of the server."""

    def __init__(self, code: str, **context: str | int) -> None:
        self.code = code
        super().__init__(_(FAULTS[code]).format(**context))
