from importlib import import_module

Migration = import_module("tests.inventory.migrations.0001_initial").Migration
