"""The tables of jobs."""

from models.jobs.job import Job
from models.jobs.leases import JobWorker
from models.jobs.schedules import Schedule
from models.jobs.tallies import JobTally

MODELS = [Job, JobWorker, Schedule, JobTally]
"""In the order in which they are made."""
