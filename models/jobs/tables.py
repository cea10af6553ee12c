"""The tables of jobs."""

from models.jobs.job import Job
from models.jobs.leases import JobWorker
from models.jobs.schedules import Schedule

MODELS = [Job, JobWorker, Schedule]
"""In the order in which they are made."""
