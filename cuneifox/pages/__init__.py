"""Pages, one module per noun. Every module here that has a `blueprint` is served.

- A module may name its menu entries: `navigation = [Link(...)]`.
- Routes of a company begin with `/c/<slug>/`. The slug is taken out before the view is called
  (views don't have it as an argument), and `url_for` fills it in again by itself.
- Every route needs somebody signed in, and every route of a company a member of it, unless the
  view is marked `@public`. What else it needs is said by `@needs(module, level)` or
  `@administrators`.
"""
