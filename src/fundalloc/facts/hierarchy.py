"""The tree of partnerships. Only leaves receive money; a partnership with children stands for its whole subtree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx


@dataclass(frozen=True)
class Hierarchy:
    """Who lies within whom. Built by :func:`build_hierarchy`; edges run from the containing to the contained."""

    graph: nx.DiGraph

    def leaves(self) -> list[str]:
        """Return the partnerships that contain no other, in the order given."""
        return [node for node in self.graph if self.graph.out_degree(node) == 0]

    def leaves_within(self, node: str) -> list[str]:
        """Return the leaves of the subtree of `node`; of a leaf, itself."""
        below = nx.descendants(self.graph, node) | {node}
        return [leaf for leaf in self.leaves() if leaf in below]

    def groupings(self) -> dict[str, list[str]]:
        """Return {partnership with children: its leaves}, in the order given."""
        return {node: self.leaves_within(node) for node in self.graph if self.graph.out_degree(node) > 0}

    def above(self, node: str) -> list[str]:
        """Return the chain of partnerships that contain `node`, nearest first."""
        chain: list[str] = []
        while parents := list(self.graph.predecessors(node)):
            node = parents[0]
            chain.append(node)
        return chain


def find_circle(edges: Iterable[tuple[str, str]]) -> list[str] | None:
    """Return one circle of directed edges as a closed list of names, or None."""
    graph = nx.DiGraph(edges)
    try:
        found = nx.find_cycle(graph)
    except nx.NetworkXNoCycle:
        return None
    return [found[0][0], *(edge[1] for edge in found)]


def build_hierarchy(nodes: Iterable[str], within: Mapping[str, str]) -> Hierarchy:
    """Build the tree from `within` (child → parent, empty for a root). The parents must exist and form no cycle."""
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((parent, child) for child, parent in within.items() if parent)
    return Hierarchy(graph)
