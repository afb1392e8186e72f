"""`tinhso check` refuses settings that cannot be used, in one line each."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def checked(home: Path, name: str, value: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tinhso.shell.cli", "check"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TINHSO_HOME": str(home), name: value},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TINHSO_PORT", "abc", "Error: TINHSO_PORT must be a whole number up to 65535, not 'abc'"),
        ("TINHSO_PORT", "70000", "Error: TINHSO_PORT must be a whole number up to 65535, not '70000'"),
        ("TINHSO_REPORT_RATE", "often", "TINHSO_REPORT_RATE: 'often' is not a rate such as '30/m'"),
        ("TINHSO_API_RATE", "9/week", "TINHSO_API_RATE: '9/week' is not a rate such as '30/m'"),
        ("TINHSO_ROOT_UNIT", "H77", "TINHSO_ROOT_UNIT: the catalogue has no office H77"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(tmp_path: Path, name: str, value: str, said: str) -> None:
    code, output = checked(tmp_path, name, value)
    assert code == 1
    assert [line for line in output.splitlines() if name in line] == [said]
    assert "Traceback" not in output
