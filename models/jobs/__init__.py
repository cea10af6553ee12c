"""Jobs: work that runs beside the request, as rows of the catalogue. Knows who runs what; never how it is delivered.

A job is asked for (`asking`), taken by a worker under a lease (`taking`), renewed while it runs (`leases`) and ended
once (`ending`). A message that gets lost, a worker that is killed and one that is only slow change nothing in that: the
row says who has it, and whoever lost it can't write to it any more.
"""
