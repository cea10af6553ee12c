"""Work beside the request: the queue, the workers, and what kinds of work there are. Knows no pages.

What a job is stands in `models.jobs`. Here it is delivered (`queue`), entered under its own key (`entering`), run
(`running`), watched (`watching`), and its result kept (`results`).
"""
