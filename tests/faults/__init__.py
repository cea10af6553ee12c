"""Power cuts and failing disks: our own code on a file system in the hands of tests, each in a process of its own.

`driver` takes the place of pysqlite3 there, so that one SQLite library is in the process; below it lies `disk`.
"""
