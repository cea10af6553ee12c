"""Mixed work on thousands of companies for hours, and whether what the process holds stays as much as it was.

`fleet` makes the companies, `acts` is what is done to them, `samples` what is measured meanwhile, `flatness` decides by
a stated rule, and `piece` plays one piece of it.
"""
