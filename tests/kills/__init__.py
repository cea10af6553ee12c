"""kill -9 in mid-work, thousands of times: what was acknowledged is there, and all else is whole or absent.

`nursery` forks children cheaply, `children` is what runs in them and `journal` what they tell before they die, `works`
what they do; `ground` is the data folder that they do it in. `truth` gathers what must be so by the journals,
`inspection` looks with bare SQL whether it is, `asking` asks again for what nobody acknowledged, and `rounds` plays one
piece of the programme.
"""
