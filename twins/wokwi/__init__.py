"""Projects of Wokwi: ``wokwi.toml``, ``diagram.json`` and automation scenarios, for the boards and parts that we have.

``twins run DIR`` runs a project as it is, offline; ``twins import wokwi DIR -o board.toml`` makes a board file of its
diagram. Parts and pins that we lack are named.

What the files hold is described in Wokwi's documentation: "diagram.json File Format", "Configuring Your Project",
"Automation Scenarios" and the reference page of each part; figures of a part come from its page.
"""

from twins.wokwi.circuit import Circuit
from twins.wokwi.diagram import Diagram
from twins.wokwi.project import Project, load_project
from twins.wokwi.scenario import Names

__all__ = ["Circuit", "Diagram", "Names", "Project", "load_project"]
