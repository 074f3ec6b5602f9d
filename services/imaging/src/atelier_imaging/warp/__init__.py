"""Move parts of a picture: a flow on a small grid, made of a mesh that moved, and one resampling.

`grid` says where nodes lie, `mesh` makes a flow of a mesh that moved, `flow` composes, inverts and checks flows,
`fill` continues what is known into what is not, `backdrop` draws what a moved person uncovers, `resample` draws pixels.
"""
