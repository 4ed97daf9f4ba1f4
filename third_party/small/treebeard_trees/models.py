"""The three kinds of tree of django-treebeard."""

from __future__ import annotations

from django.db import models
from treebeard.al_tree import AL_Node
from treebeard.mp_tree import MP_Node
from treebeard.ns_tree import NS_Node


class Shelf(MP_Node):
    name = models.CharField(max_length=50)
    node_order_by = ["name"]


class Chapter(NS_Node):
    name = models.CharField(max_length=50, db_index=True)


class Task(AL_Node):
    name = models.CharField(max_length=50)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="children_set", db_index=True
    )
    sib_order = models.PositiveIntegerField()
