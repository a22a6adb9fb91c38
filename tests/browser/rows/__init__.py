"""What a reader once lost or could not find on a page, tried in a real browser.

They take minutes, so `make rows` runs them and the suite leaves them out; a short version of each
stands among the tests of its page.
"""
