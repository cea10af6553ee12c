"""Mail: who asked for a job hears of its end, by a link and never by what it has made.

`telling` decides who is told, `letters` writes, `postman` delivers; that is a job of its own (`jobs/works/mailing.py`),
which waits for a mail server that is away.
"""
