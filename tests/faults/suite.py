"""Runs pytest on the driver of ours: `python -m faults.suite ARGUMENTS`, from the folder of tests."""

import sys

import pytest

from . import driver

if __name__ == "__main__":
    driver.install()
    sys.exit(pytest.main(["-p", "no:xdist", "-p", "no:cacheprovider", *sys.argv[1:]]))
