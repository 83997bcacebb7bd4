"""What chance draws from: `./dev test` draws the same each time, so that what it says can be said again; `./dev exhaust` draws anew.
RUNBOOK_TEST_SEED repeats one draw."""

import os
import random

EXHAUST = bool(os.environ.get("RUNBOOK_EXHAUST"))
GIVEN = os.environ.get("RUNBOOK_TEST_SEED")


def seed():
    if GIVEN:
        return int(GIVEN)
    return random.SystemRandom().randrange(10**6) if EXHAUST else 20261130
