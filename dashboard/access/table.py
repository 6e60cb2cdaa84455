"""Who may do what: the one table of roles and of the command line. A route or a command that is not in it opens for
nobody.

The city dispatches, reviews and issues, the county supervises, the site runs (clauses 二 and 六(七)); nobody does two
sides of one act. Whom a role may do it to is the scope's part (``dashboard.access.sight``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.disposal import SIDES
from domain.people import Reach, Role
from domain.retrieval import By
from domain.viewings import Deed


class Act(StrEnum):
    """What a route or a command does, as far as anybody has to be allowed to."""

    ANYBODY = "anybody"  # without logging in
    OWN_SESSION = "own_session"  # whoever has logged in, also with a first password or without a second factor
    OWN_TOKENS = "own_tokens"  # tokens of one's own for programs; no token may make another
    SCHEDULE = "schedule"  # which sittings there are, when and in which rooms: nothing of what was seen there
    SEE = "see"  # sittings, reports, the state of cameras: no picture
    HEALTH = "health"  # how the installation stands: disks, queues, forecasts; no person and nothing of any exam
    AUDIT = "audit"  # who watched what, and who did what
    WATCH = "watch"  # footage of sittings that are closed
    SAVE = "save"  # take files of footage away, of sittings that are closed, whoever asks
    WATCH_OPEN = "watch_open"  # footage of sittings that are not: it shows papers that are still secret (六(四))
    ASK = "ask"  # for a permit to watch what lies outside one's scope
    APPROVE = "approve"  # or decline, or end, a permit that somebody else asked for
    WATCH_PERMITTED = "watch_permitted"  # footage outside one's scope, as far as a permit goes; no token may
    RETRIEVE = "retrieve"  # find out where footage of somebody, or of a place and time, lies; no program's business
    SET_UP = "set_up"  # say which sites, cameras and sittings there are: dispatching
    RUN = "run"  # try, check and sign, open and close sittings
    SIGN = "sign"  # close a batch: sign for good what there is of it
    HOLD = "hold"  # keep a batch beyond its time, or let it go
    DISPOSALS = "disposals"  # which lists there are of what is to be deleted, and what became of them
    PROPOSE_DISPOSAL = "propose_disposal"  # of footage whose time of keeping is over
    APPROVE_DISPOSAL = (
        "approve_disposal"  # or decline one; two people of two sides have to approve; so with footage of a 禁摄区
    )
    WITHHOLD = "withhold"  # what a camera films, because it is a 禁摄区; and say when that ended
    DISPOSE = "dispose"  # delete what two have approved
    SCORES = "scores"  # which marks candidates were given
    SCORE = "score"  # give marks
    SIGN_SCORE = "sign_score"  # and stand for them, as their scorer or as the leader of the panel; no token may
    TRANSCRIBE = "transcribe"  # put on record what a paper score sheet says, signatures included
    HAND_IN = "hand_in"  # results that an outside system signed, by a token of it
    CASES = "cases"  # each clause for a batch, what is proposed for each of its candidates, and what is odd 疑点
    SUSPICIONS = "suspicions"  # events that cannot well have been 疑点; whom they are about does not read them
    TAKE_EXIT = "take_exit"  # past a gap in a candidate's footage, or confirm one that somebody else took
    DECIDE_CASE = "decide_case"  # whether a certificate is made
    DRAWS = "draws"  # which batches are drawn for a visit and by whom; secret from sites until they were visited
    DRAW = "draw"  # publish a pool, make a draw, replace in it, say who supervises
    SEED = "seed"  # give a secret to a draw, as one of two people
    SUPERVISE = "supervise"  # visits 督导: what was seen there, and what was told to the site
    ROLL = "roll"  # who is on the roll of a batch, by ticket, and where they sit
    ROSTER = "roster"  # the same with names, and numbers of documents masked: no program's business
    ENROL = "enrol"  # candidates and their papers as an institution does it, and who came: 初审, 上报, 签到
    REVIEW = "review"  # accept or decline candidates, and say so: the centre's part (六(一))
    CERTIFICATES = "certificates"  # which certificates there are, by ticket, and the book of blank forms
    CERTIFY = (
        "certify"  # issue, print, stamp, revoke; blank forms, the province's answers, claims: the centre's part (七)
    )
    PAPERS = "papers"  # print exam papers and say who marks them: the centre's part (六(四), 六(六))
    DAY = "day"  # hand exam papers on, write the records of rooms: the site's part
    ROOM_RECORD = "room_record"  # what was written down of a room, by ticket: who signs it reads it
    SIGN_ROOM_RECORD = "sign_room_record"  # as who was sent to the sitting; no token may
    GROUNDS = "grounds"  # on what a site holds exams, with who signed it and how to reach them: no program's business
    DOSSIER = "dossier"  # what was filed of a batch 档案袋: scans, with names on them
    FILE = "file"  # scans into a dossier: the institution's duty (九)
    RECEIPT = "receipt"  # make the receipt 证据回执 of what a certificate rests on
    ADMIT = "admit"  # accounts and tokens of others, and recusals
    BREAK_GLASS = "break_glass"  # make an emergency account, where nobody can come in
    OPERATE = "operate"  # the service with its keys, secrets and certificates; trials and drills


LOCAL = "local"
"""Whoever works at the command line of the host: no account and no scope, and never the second person."""

_PROGRAMS = frozenset({Role.SCORING_SYSTEM, Role.DEVICE})
_PEOPLE = frozenset(Role) - _PROGRAMS
_WATCHERS = _PEOPLE - {Role.CITY_ADMINISTRATOR, Role.EXAMINER}
_FILE_READERS = _WATCHERS | {LOCAL}
_LIMITED = frozenset(role for role in _WATCHERS if role.reach is not Reach.CITY)

MAY: Mapping[Act, frozenset[str]] = {
    Act.OWN_SESSION: _PEOPLE,
    Act.OWN_TOKENS: _PEOPLE,
    Act.SCHEDULE: _PEOPLE | {Role.SCORING_SYSTEM},
    Act.SEE: frozenset(Role) - {Role.EXAMINER, Role.SCORING_SYSTEM} | {LOCAL},
    Act.HEALTH: frozenset({Role.CITY_ADMINISTRATOR, Role.CITY_OFFICER, Role.CITY_SUPERVISOR}),
    Act.AUDIT: frozenset({Role.CITY_SUPERVISOR, Role.AUDITOR, LOCAL}),
    Act.WATCH: _WATCHERS,
    Act.SAVE: _WATCHERS | {LOCAL},
    Act.WATCH_OPEN: frozenset({Role.CITY_SUPERVISOR, Role.COUNTY_SUPERVISOR, Role.SITE_OPERATOR}),
    Act.ASK: _LIMITED,
    Act.APPROVE: frozenset({Role.CITY_SUPERVISOR, Role.CITY_OFFICER}),
    Act.WATCH_PERMITTED: _LIMITED,
    Act.RETRIEVE: _WATCHERS | {LOCAL},
    Act.SET_UP: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.RUN: frozenset({Role.SITE_OPERATOR, LOCAL}),
    Act.SIGN: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.HOLD: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.DISPOSALS: frozenset({Role.CITY_OFFICER, Role.CITY_SUPERVISOR, LOCAL}),
    Act.PROPOSE_DISPOSAL: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.APPROVE_DISPOSAL: frozenset(SIDES),  # one of each; never who proposed it, and never the command line
    Act.WITHHOLD: frozenset(
        {Role.CITY_OFFICER, Role.CITY_SUPERVISOR, Role.COUNTY_SUPERVISOR, Role.SITE_OPERATOR, LOCAL}
    ),  # whoever sees it; nothing goes by that word
    Act.DISPOSE: frozenset({LOCAL}),
    Act.SCORES: frozenset(Role) - {Role.CITY_ADMINISTRATOR, Role.SITE_OPERATOR, Role.DEVICE} | {LOCAL},
    Act.SCORE: frozenset({Role.EXAMINER}),
    Act.SIGN_SCORE: frozenset({Role.EXAMINER}),
    Act.TRANSCRIBE: frozenset({LOCAL}),  # at the host, where whoever does it has no role and is told of by C2-1
    Act.HAND_IN: frozenset({Role.SCORING_SYSTEM}),
    Act.CASES: _WATCHERS | {Role.SCORING_SYSTEM, LOCAL},
    Act.SUSPICIONS: frozenset({Role.CITY_OFFICER, Role.CITY_SUPERVISOR, Role.COUNTY_SUPERVISOR, Role.AUDITOR, LOCAL}),
    Act.TAKE_EXIT: frozenset({Role.CITY_OFFICER, Role.CITY_SUPERVISOR}),  # two different people
    Act.DECIDE_CASE: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.DRAWS: frozenset({Role.CITY_OFFICER, Role.CITY_SUPERVISOR, LOCAL}),
    Act.DRAW: frozenset({Role.CITY_SUPERVISOR, LOCAL}),
    Act.SEED: frozenset({Role.CITY_OFFICER, Role.CITY_SUPERVISOR, LOCAL}),  # two people, one at the host at most
    Act.SUPERVISE: frozenset({Role.CITY_SUPERVISOR, Role.COUNTY_SUPERVISOR, LOCAL}),
    Act.ROLL: frozenset(
        {Role.CITY_OFFICER, Role.CITY_SUPERVISOR, Role.COUNTY_SUPERVISOR, Role.SITE_OPERATOR, Role.SCORING_SYSTEM}
    ),
    Act.ROSTER: frozenset(
        {Role.CITY_OFFICER, Role.CITY_SUPERVISOR, Role.COUNTY_SUPERVISOR, Role.SITE_OPERATOR, LOCAL}
    ),
    Act.ENROL: frozenset({Role.SITE_OPERATOR, LOCAL}),
    Act.REVIEW: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.CERTIFICATES: frozenset(
        {Role.CITY_OFFICER, Role.CITY_SUPERVISOR, Role.COUNTY_SUPERVISOR, Role.AUDITOR, LOCAL}
    ),
    Act.CERTIFY: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.PAPERS: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.DAY: frozenset({Role.SITE_OPERATOR, LOCAL}),
    Act.ROOM_RECORD: _FILE_READERS | {Role.EXAMINER},
    Act.SIGN_ROOM_RECORD: frozenset({Role.EXAMINER, LOCAL}),
    Act.GROUNDS: _FILE_READERS,
    Act.DOSSIER: _FILE_READERS,
    Act.FILE: frozenset({Role.SITE_OPERATOR, LOCAL}),
    Act.RECEIPT: frozenset({Role.CITY_OFFICER, LOCAL}),
    Act.ADMIT: frozenset({Role.CITY_ADMINISTRATOR, LOCAL}),
    Act.BREAK_GLASS: frozenset({LOCAL}),
    Act.OPERATE: frozenset({LOCAL}),
}
"""Which roles may, and whether the command line may. Who reviews or audits does so after the sitting is closed."""

TWO_SIDES: tuple[tuple[Act, Act], ...] = (
    (Act.ADMIT, Act.WATCH),  # who lets people in looks at nobody
    (Act.ADMIT, Act.SAVE),
    (Act.ADMIT, Act.AUDIT),  # and does not look into what they did
    (Act.ASK, Act.APPROVE),  # who asks for footage of another body lets nobody have it
    (Act.SET_UP, Act.RUN),  # who dispatches does not run what was dispatched
    (Act.SET_UP, Act.WATCH_OPEN),  # nor supervise it
    (Act.SET_UP, Act.AUDIT),
    (Act.SET_UP, Act.DRAW),  # nor choose how it is supervised
    (Act.SET_UP, Act.SUPERVISE),
    (Act.RUN, Act.DRAWS),  # who is visited learns of it by the visit
    (Act.RUN, Act.SEED),
    (Act.RUN, Act.SUPERVISE),
    (Act.RUN, Act.HOLD),  # nor says what of it is kept for longer
    (Act.RUN, Act.SIGN),  # who runs a sitting does not sign what there is of it
    (Act.RUN, Act.AUDIT),
    (Act.RUN, Act.PROPOSE_DISPOSAL),  # nor what of it is deleted
    (Act.RUN, Act.APPROVE_DISPOSAL),
    (Act.SCORE, Act.SET_UP),  # who gives marks sends nobody to an exam
    (Act.SCORE, Act.RUN),
    (Act.SCORE, Act.SIGN),
    (Act.SCORE, Act.ADMIT),
    (Act.SCORE, Act.AUDIT),
    (Act.SCORE, Act.TAKE_EXIT),  # nor says what becomes of it
    (Act.SCORE, Act.DECIDE_CASE),
    (Act.HAND_IN, Act.SET_UP),  # so with a system that hands marks in: who enters its key is another
    (Act.HAND_IN, Act.RUN),
    (Act.HAND_IN, Act.SIGN),
    (Act.HAND_IN, Act.ADMIT),
    (Act.HAND_IN, Act.AUDIT),
    (Act.HAND_IN, Act.TAKE_EXIT),
    (Act.HAND_IN, Act.DECIDE_CASE),
    (Act.RUN, Act.SUSPICIONS),
    (Act.SCORE, Act.SUSPICIONS),
    (Act.RUN, Act.TAKE_EXIT),  # whose footage lacks something says nothing of what it is worth
    (Act.RUN, Act.DECIDE_CASE),
    (Act.ADMIT, Act.TAKE_EXIT),
    (Act.ADMIT, Act.DECIDE_CASE),
    (Act.ENROL, Act.REVIEW),  # who submits candidates accepts none
    (Act.DAY, Act.SIGN_ROOM_RECORD),  # who writes a room's record for the site does not stand for it
    (Act.SET_UP, Act.SIGN_ROOM_RECORD),
    (Act.ADMIT, Act.SIGN_ROOM_RECORD),
    (Act.PAPERS, Act.DAY),  # who prints papers and says who marks them does not hold them on the day
    (Act.PAPERS, Act.RUN),
    (Act.PAPERS, Act.SCORE),
    (Act.ADMIT, Act.REVIEW),
    (Act.RUN, Act.CERTIFY),  # who holds the exam, gives marks or submits candidates issues no certificate
    (Act.SCORE, Act.CERTIFY),
    (Act.ENROL, Act.CERTIFY),
    (Act.ADMIT, Act.CERTIFY),
    (Act.AUDIT, Act.CERTIFY),
    (Act.ADMIT, Act.PAPERS),
    (Act.FILE, Act.RECEIPT),  # who files what was examined does not vouch for it
    (Act.FILE, Act.AUDIT),
    (Act.ADMIT, Act.DOSSIER),
    (Act.ADMIT, Act.PROPOSE_DISPOSAL),  # who makes accounts deletes nothing with them
    (Act.ADMIT, Act.APPROVE_DISPOSAL),
    (Act.AUDIT, Act.PROPOSE_DISPOSAL),  # who audits wants nothing gone
)
"""The two sides of one act: no role may both. The command line is no role: it may, and each side is written down."""

SAYS_WHY = frozenset({Role.CITY_OFFICER, Role.AUDITOR})
"""Roles that say why before they watch: they look afterwards, at what was called into question. Others watch because
they are on duty there."""

ROUTES: Mapping[str, Act] = {
    "page": Act.ANYBODY,  # the built page: the same files for everybody, with nothing of any exam in them
    "description": Act.ANYBODY,  # of the API, as it stands in the sources
    "health": Act.ANYBODY,
    "metrics": Act.ANYBODY,  # for programs of this host: the service listens on loopback only
    "session": Act.ANYBODY,
    "log_in": Act.ANYBODY,
    "second_step": Act.ANYBODY,  # whose password was right holds a token that opens nothing else
    "provider": Act.ANYBODY,
    "begin_login": Act.ANYBODY,  # who comes back from the identity provider is let in, or not, by what it says
    "finish_login": Act.ANYBODY,
    "begin_proof": Act.OWN_SESSION,
    "log_out": Act.OWN_SESSION,
    "prove": Act.OWN_SESSION,
    "sessions": Act.OWN_SESSION,
    "end_session": Act.OWN_SESSION,
    "change_password": Act.OWN_SESSION,
    "factor": Act.OWN_SESSION,
    "begin_factor": Act.OWN_SESSION,
    "confirm_factor": Act.OWN_SESSION,
    "remove_factor": Act.OWN_SESSION,
    "tokens": Act.OWN_TOKENS,
    "add_token": Act.OWN_TOKENS,
    "revoke_token": Act.OWN_TOKENS,
    "status": Act.SEE,
    "situation_now": Act.SEE,
    "sites": Act.SEE,
    "change_camera": Act.SET_UP,
    "remove_camera": Act.SET_UP,
    "change_nvr": Act.SET_UP,
    "remove_nvr": Act.SET_UP,
    "try_camera": Act.SET_UP,  # no picture of an exam: dashboard.access.wall.is_quiet
    "room_plan": Act.SEE,
    "survey_plan": Act.SET_UP,
    "calibrate_camera": Act.SET_UP,
    "change_plan": Act.SET_UP,
    "references": Act.SEE,
    "reference_picture": Act.WATCH,
    "make_reference": Act.SET_UP,
    "drifts": Act.SEE,
    "schedule": Act.SCHEDULE,
    "batches": Act.SEE,
    "whole_report": Act.SEE,
    "sitting": Act.SEE,
    "readiness": Act.SEE,
    "order_trial": Act.RUN,
    "confirm_readiness": Act.RUN,
    "sign_readiness": Act.RUN,
    "report": Act.SEE,
    "report_paper": Act.SEE,
    "report_file": Act.SEE,
    "scores": Act.SCORES,
    "give_score": Act.SCORE,
    "sign_score": Act.SIGN_SCORE,
    "confirm_score": Act.SIGN_SCORE,
    "hand_in_results": Act.HAND_IN,
    "handed_in_results": Act.SCORES,
    "roll": Act.ROLL,
    "roll_papers": Act.ROLL,
    "make_plan": Act.ENROL,
    "review_first": Act.ENROL,
    "submit_candidates": Act.ENROL,
    "decide_candidates": Act.REVIEW,
    "give_feedback": Act.REVIEW,
    "withdraw_candidate": Act.ENROL,
    "grounds": Act.GROUNDS,
    "enter_grounds": Act.SET_UP,
    "approval_form": Act.GROUNDS,
    "examiners": Act.SET_UP,
    "panels": Act.SEE,
    "enter_panels": Act.SET_UP,
    "examiner_arrives": Act.RUN,
    "examiner_leaves": Act.RUN,
    "exam_papers": Act.SEE,  # parcels and offices: nothing of what stands in them
    "print_papers": Act.PAPERS,
    "say_no_papers": Act.PAPERS,
    "receive_package": Act.DAY,
    "order_marking": Act.PAPERS,
    "room_record": Act.ROOM_RECORD,
    "write_room_record": Act.DAY,
    "sign_room_record": Act.SIGN_ROOM_RECORD,
    "room_record_paper": Act.ROOM_RECORD,
    "roster": Act.ROSTER,
    "import_roster": Act.ENROL,
    "clauses": Act.CASES,
    "clauses_file": Act.CASES,
    "cases": Act.CASES,
    "suspicions": Act.SUSPICIONS,
    "decide_case": Act.DECIDE_CASE,
    "take_exit": Act.TAKE_EXIT,
    "confirm_exit": Act.TAKE_EXIT,
    "dossier": Act.DOSSIER,
    "scan": Act.DOSSIER,
    "file_scan": Act.FILE,
    "certificates": Act.CERTIFICATES,
    "issue_certificates": Act.CERTIFY,
    "revoke_certificate": Act.CERTIFY,
    "make_receipt": Act.RECEIPT,
    "receipt_paper": Act.CERTIFICATES,
    "check_receipt": Act.ANYBODY,  # by whoever has a code; it shows no name, footage or scan
    "mark_sitting": Act.RUN,
    "day": Act.ROSTER,  # it names candidates
    "happened": Act.SEE,  # tickets, and what was written of incidents, only beside ROLL
    "open_sitting": Act.RUN,
    "close_sitting": Act.RUN,
    "sign_in": Act.ENROL,
    "mark_absent": Act.ENROL,
    "move_candidate": Act.ENROL,
    "note_violation": Act.ENROL,
    "leave_station": Act.ENROL,
    "note_incident": Act.DAY,
    "hand_papers": Act.DAY,
    "viewings": Act.AUDIT,
    "acts": Act.AUDIT,
    "records_checked": Act.AUDIT,
    "operations": Act.HEALTH,
    "accounts": Act.ADMIT,
    "add_account": Act.ADMIT,
    "disable_account": Act.ADMIT,
    "reset_account": Act.ADMIT,
    "recuse_account": Act.ADMIT,
    "log_out_account": Act.ADMIT,
    "playlist": Act.WATCH,
    "frame": Act.WATCH,
    "init_part": Act.WATCH,
    "media_part": Act.WATCH,
    "retrieve": Act.RETRIEVE,
    "whole_file": Act.SAVE,
    "film": Act.SAVE,
    "export_batch": Act.SAVE,
    "screener": Act.SAVE,
    "screeners_offer": Act.SEE,
    "wall": Act.WATCH_OPEN,
    "live_ticket": Act.WATCH_OPEN,
    "own_permits": Act.ASK,
    "ask_permit": Act.ASK,
    "withdraw_permit": Act.ASK,
    "permits": Act.APPROVE,
    "approve_permit": Act.APPROVE,
    "decline_permit": Act.APPROVE,
    "end_permit": Act.APPROVE,
    "permitted_cameras": Act.WATCH_PERMITTED,
    "permitted_playlist": Act.WATCH_PERMITTED,
    "disposals": Act.DISPOSALS,
    "due_for_disposal": Act.DISPOSALS,
    "disposal": Act.DISPOSALS,
    "disposal_content": Act.DISPOSALS,
    "disposal_papers": Act.DISPOSALS,
    "propose_disposal": Act.PROPOSE_DISPOSAL,
    "approve_disposal": Act.APPROVE_DISPOSAL,
    "decline_disposal": Act.APPROVE_DISPOSAL,
    "withholdings": Act.SEE,
    "begin_withholding": Act.WITHHOLD,
    "end_withholding": Act.WITHHOLD,
    "confirm_withholding": Act.APPROVE_DISPOSAL,
    "decline_withholding": Act.APPROVE_DISPOSAL,
    "visits": Act.SUPERVISE,
    "visit": Act.SUPERVISE,
    "begin_visit": Act.SUPERVISE,
    "answer_in_visit": Act.SUPERVISE,
    "find_in_visit": Act.SUPERVISE,
    "end_visit": Act.SUPERVISE,
    "feed_back_on_visit": Act.SUPERVISE,
    "publish_visit": Act.SUPERVISE,
    "snapshot": Act.SUPERVISE,
    "draws": Act.DRAWS,
    "draw_pool": Act.DRAWS,
    "draw_record": Act.DRAWS,
    "commit_to_draw": Act.SEED,
    "reveal_for_draw": Act.SEED,
}
"""What each route does, by its name."""

LIVE: Mapping[str, Act] = {"live": Act.WATCH_OPEN, "whep": Act.WATCH_OPEN, "whep_end": Act.WATCH_OPEN}
"""What each route of the process that shows live pictures (``dashboard.live``) does, by its name: the WebSocket, the
offer by WHEP, and the end of what an offer began, which only the session that made it may ask for.
"""

WITH_PICTURES: Mapping[str, Act] = {"report_paper": Act.SAVE, "report_file": Act.SAVE}
"""What a route does besides, where it is asked for pictures of footage: a paper with them is a file that is saved."""

ASKED_BY: Mapping[By, Act] = {
    By.CERTIFICATE: Act.CERTIFICATES,
    By.NAME: Act.ROSTER,
    By.NUMBER: Act.ROSTER,
}
"""What somebody must be allowed to besides, to look for footage by what says who a person is."""

COMMANDS: Mapping[str, Act] = {
    "apply": Act.SET_UP,
    "sitting trial": Act.RUN,
    "sitting check": Act.SEE,
    "sitting confirm": Act.RUN,
    "sitting sign": Act.RUN,
    "sitting open": Act.RUN,
    "sitting mark": Act.RUN,
    "sitting close": Act.RUN,
    "batch close": Act.SIGN,
    "grounds import": Act.SET_UP,  # the city centre approves and agrees (clause 四)
    "grounds show": Act.GROUNDS,
    "grounds judge": Act.SEE,
    "grounds form": Act.GROUNDS,
    "clauses": Act.CASES,
    "suspicions": Act.SUSPICIONS,
    "case list": Act.CASES,
    "case decide": Act.DECIDE_CASE,
    "hold set": Act.HOLD,
    "hold lift": Act.HOLD,
    "hold list": Act.HOLD,
    "disposal list": Act.DISPOSALS,
    "disposal show": Act.DISPOSALS,
    "disposal propose": Act.PROPOSE_DISPOSAL,
    "disposal carry-out": Act.DISPOSE,
    "disposal verify": Act.ANYBODY,  # of papers, with nothing but a public key
    "withhold begin": Act.WITHHOLD,
    "withhold end": Act.WITHHOLD,
    "withhold list": Act.SEE,
    "withhold show": Act.SEE,
    "withhold destroy": Act.DISPOSE,
    "supervisor add": Act.DRAW,
    "supervisor list": Act.DRAWS,
    "supervisor recuse": Act.DRAW,
    "draw publish": Act.DRAW,
    "draw commit": Act.SEED,
    "draw reveal": Act.SEED,
    "draw run": Act.DRAW,
    "draw replace": Act.DRAW,
    "draw show": Act.DRAWS,
    "draw verify": Act.ANYBODY,  # of what was published, with nothing else
    "visit begin": Act.SUPERVISE,
    "visit answer": Act.SUPERVISE,
    "visit find": Act.SUPERVISE,
    "visit end": Act.SUPERVISE,
    "visit feedback": Act.SUPERVISE,
    "visit publish": Act.SUPERVISE,
    "visit show": Act.SEE,
    "roster import": Act.ENROL,
    "roster export": Act.ENROL,
    "roster show": Act.ROSTER,
    "roster withdraw": Act.ENROL,
    "roster profile": Act.ANYBODY,  # headings of an empty form
    "roll plan": Act.ENROL,
    "roll first-review": Act.ENROL,
    "roll submit": Act.ENROL,
    "roll review": Act.REVIEW,
    "roll feedback": Act.REVIEW,
    "roll signin": Act.ENROL,
    "roll absent": Act.ENROL,
    "roll move": Act.ENROL,
    "roll violation": Act.ENROL,
    "roll leave": Act.ENROL,
    "certificate deliver": Act.CERTIFY,
    "certificate count": Act.CERTIFY,
    "certificate spoil": Act.CERTIFY,
    "certificate ledger": Act.CERTIFICATES,
    "certificate issue": Act.CERTIFY,
    "certificate imprint": Act.CERTIFY,
    "certificate reprint": Act.CERTIFY,
    "certificate revoke": Act.CERTIFY,
    "certificate show": Act.CERTIFICATES,
    "certificate query": Act.CERTIFY,
    "certificate export": Act.CERTIFY,  # with names; numbers of documents where a reason is given
    "certificate overlay": Act.CERTIFY,
    "certificate profile": Act.ANYBODY,  # headings of empty forms
    "claim import": Act.CERTIFY,
    "claim show": Act.CERTIFICATES,
    "papers print": Act.PAPERS,
    "papers none": Act.PAPERS,
    "papers hand": Act.DAY,
    "papers package": Act.DAY,
    "papers show": Act.SEE,  # parcels and offices: nothing of what stands in them
    "marking order": Act.PAPERS,
    "room-record write": Act.DAY,
    "room-record incident": Act.DAY,
    "room-record sign": Act.SIGN_ROOM_RECORD,  # that the paper was signed; under an account one signs for oneself
    "room-record show": Act.ROOM_RECORD,
    "room-record print": Act.ROOM_RECORD,
    "dossier add": Act.FILE,
    "dossier list": Act.DOSSIER,
    "dossier missing": Act.DOSSIER,
    "dossier fetch": Act.DOSSIER,
    "dossier verify": Act.FILE,  # it notes the locks that it made longer
    "receipt make": Act.RECEIPT,
    "receipt print": Act.RECEIPT,
    "receipt check": Act.ANYBODY,  # by whoever has a code; it shows no name, footage or scan
    "status": Act.SEE,
    "report": Act.SEE,  # with pictures it saves, and is written down as a film is
    "plan": Act.SEE,
    "room plan": Act.SEE,
    "room labels": Act.SEE,
    "panel import": Act.SET_UP,
    "panel export": Act.SEE,
    "panel profile": Act.ANYBODY,  # headings of empty forms
    "panel arrive": Act.RUN,
    "panel leave": Act.RUN,
    "panel show": Act.SEE,
    "score import": Act.TRANSCRIBE,
    "score export": Act.SCORES,
    "score show": Act.SCORES,
    "score profile": Act.ANYBODY,  # headings of an empty form
    "scoring add": Act.SET_UP,
    "scoring list": Act.SEE,
    "scoring revoke": Act.SET_UP,
    "reference make": Act.SET_UP,
    "reference list": Act.SEE,
    "check": Act.AUDIT,
    "record copy": Act.AUDIT,
    "export": Act.SAVE,
    "find": Act.RETRIEVE,
    "verify": Act.ANYBODY,  # with nothing but a public key; in an object store, with its credentials too
    "key show": Act.ANYBODY,  # they are to be published
    "key rotate": Act.OPERATE,
    "user add": Act.ADMIT,
    "user list": Act.ADMIT,
    "user disable": Act.ADMIT,
    "user reset": Act.ADMIT,
    "user reset-factor": Act.ADMIT,
    "user link": Act.ADMIT,
    "user unlink": Act.ADMIT,
    "user log-out": Act.ADMIT,
    "user recuse": Act.ADMIT,
    "user break-glass": Act.BREAK_GLASS,
    "token add": Act.ADMIT,
    "token list": Act.ADMIT,
    "token revoke": Act.ADMIT,
    "serve": Act.OPERATE,
    "doctor": Act.OPERATE,
    "models add": Act.OPERATE,
    "models list": Act.OPERATE,
    "models remove": Act.OPERATE,
    "models try": Act.OPERATE,
    "backup": Act.OPERATE,
    "restore": Act.OPERATE,
    "rebuild": Act.OPERATE,
    "camera test": Act.OPERATE,
    "webhook test": Act.OPERATE,
    "tls": Act.OPERATE,
    "secret set": Act.OPERATE,
    "secret encrypt": Act.OPERATE,
    "secret rekey": Act.OPERATE,
    "demo": Act.OPERATE,
    "drill": Act.OPERATE,
    "simulate": Act.OPERATE,
}
"""What each command of the command line does, by its words."""

FRESH = frozenset(
    {
        *("begin_factor", "remove_factor", "add_token", "end_session"),
        *(
            "approve_permit",
            "approve_disposal",
            "confirm_withholding",
            "confirm_exit",
            "commit_to_draw",
            "reveal_for_draw",
            "sign_readiness",
            "close_sitting",
            "issue_certificates",
            "revoke_certificate",
            "add_account",
            "disable_account",
            "reset_account",
            "recuse_account",
        ),
        *("change_camera", "remove_camera", "change_nvr", "remove_nvr", "change_plan", "make_reference"),
        *("enter_grounds", "enter_panels"),
    }
)
"""Routes that ask for a password that was given lately: whoever finds a page open must not be able to stay."""

GRANTABLE = (
    *(Act.SCHEDULE, Act.SEE, Act.AUDIT, Act.WATCH, Act.SAVE, Act.WATCH_OPEN, Act.SCORES, Act.SCORE),
    *(Act.HAND_IN, Act.ROLL, Act.CASES),
)
"""What a token may be for, as far as its owner's role goes; never password, factor, tokens or signatures."""

DEEDS: Mapping[str, Deed] = {
    "playlist": Deed.OPEN,
    "frame": Deed.FETCH,
    "snapshot": Deed.SNAPSHOT,
    "init_part": Deed.FETCH,
    "media_part": Deed.FETCH,
    "whole_file": Deed.SAVE,
    "film": Deed.SAVE,
    "export_batch": Deed.SAVE,
    "retrieve": Deed.FIND,
    "screener": Deed.SAVE,
    "live_ticket": Deed.LIVE,
    "ask_permit": Deed.ASK,
    "withdraw_permit": Deed.WITHDRAW,
    "approve_permit": Deed.APPROVE,
    "decline_permit": Deed.DECLINE,
    "end_permit": Deed.END,
    "permitted_cameras": Deed.OPEN,
    "permitted_playlist": Deed.OPEN,
}
"""As what a route that shows footage, or is about a permit to watch it, is written down."""


_OVER_THE_API = frozenset(ROUTES.values()) | frozenset(GRANTABLE)


def acts_of(role: Role) -> tuple[Act, ...]:
    """What a role may do over the API; some acts are only commands so far."""
    return tuple(act for act, roles in MAY.items() if role in roles and act in _OVER_THE_API)


def may(who: str, act: Act) -> bool:
    """Whether a role, or the command line as LOCAL, may do something."""
    return act is Act.ANYBODY or who in MAY[act]
