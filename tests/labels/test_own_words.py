"""A scenario's own words: in all that is shown, in every language, and read back; none of ours is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from catalogues import TEXTS
from click.testing import CliRunner

from cases import ROOT
from fundalloc.cli import cli
from fundalloc.labels import LANGUAGES, Language, label, languages
