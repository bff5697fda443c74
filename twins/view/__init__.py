"""The live view: a board in the browser, ``twins view BOARD IMAGE``.

A page on this machine alone shows what there is to see of a twin and hands on what a person does. The twin runs in a
thread of the view (`twins.view.runner`); models know nothing of it. The page is built from what parts declare of
themselves (`twins.controls`), and is plain HTML, CSS and modules of JavaScript.

A twin that is in a world is shown with it: ``show(world["lamp"])`` runs all in it and lists what is on the air.

It needs the extra ``view``: ``pip install 'boardtwins[view]'``.
"""

from __future__ import annotations

from twins.view.runner import Runner
from twins.view.server import show

__all__ = ["Runner", "show"]
