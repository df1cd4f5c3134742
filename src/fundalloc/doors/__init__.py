"""The doors: every file that is read, every file that is written, and every text of others that reaches a terminal passes here.

`terminal` shows what cannot be seen; `writing` leaves each file and each folder old or new.
"""
