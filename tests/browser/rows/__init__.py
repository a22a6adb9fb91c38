"""What a reader once lost or could not find on a page, tried in a real browser.

They take minutes, so `make rows` runs them and the suite leaves them out; a short version of each
stands among the tests of its page. What each was, and the test that holds it:

Values lost or changed behind the reader
- numbers of a popover that is mounted late: test_grid, thirty routes through the form
- the prompt that the keyboard generated from: test_grid, the typed prompt
- a form after a reload: test_reloads
- a finished job that pushes what is read away: test_home, a finished job offers itself

A page that is drawn into the sidebar: test_home, never drawn into the sidebar

Things that cannot be told apart
- names, notes, stars, tags, and a search for them: test_names, kept and found
- sets that read the same: test_names, told apart without a hash

The answer is not where the eye is
- a clicked dot that opens out of view: test_look, beside the chart
- curves that open on a vector within random: test_look, opens on the best vector
- a grid of hundreds of columns: test_grid, opens on a few columns
- small and large windows: test_look, on screen, and a large window is used

And what was added since: the table of runs (test_runs), the palette and the list of keys
(test_palette), other windows and the tour (test_home), the token (test_guard), clicks to a
conversation (test_chat_clicks), every state of every page (test_states).

Own data meet dead ends: test_add, what is dropped

Without a test here: typed pairs and contrasts, several sets in one evaluation, a prompt carried
to another method, the colour range in a link, a sweep that names its vector, what a dot says on
hovering, all samples at once, and what Home and Discover open on.
"""
