"""kill -9 of workers amid jobs, a thousand times: each job has ended exactly once, in the books and in the catalogue.

`ground` is the installation, `worker` what is killed and where, `rounds` plays one piece of the programme, `looking`
reads with bare SQL what is there afterwards.
"""
