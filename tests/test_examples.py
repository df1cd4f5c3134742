import subprocess
import sys

import pytest

from cases import ROOT


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_example_runs(script, tmp_path):
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_price_in_the_example_is_confirmed(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "python_api.py")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if "one more million" in line)
    price, again = line.rsplit(": ", 1)[1].split(" points, written so ")
    assert float(price) == pytest.approx(float(again), abs=1e-3)
    assert float(price) > 0
