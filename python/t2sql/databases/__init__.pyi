from .engine import BUSY_SECONDS as BUSY_SECONDS
from .engine import open_engine as open_engine
from .engine import read_only_engine as read_only_engine
from .environment import driver_variables as driver_variables
from .environment import use_environment as use_environment
from .errors import driver_message as driver_message
from .errors import ignore_unknown_types as ignore_unknown_types
from .errors import translate_errors as translate_errors
from .guessed_keys import guess_keys as guess_keys
from .kinds import Dialect as Dialect
from .kinds import database_file_kind as database_file_kind
from .kinds import dialect_name as dialect_name
from .reflection import ReadSchema as ReadSchema
from .reflection import read_schema as read_schema
from .reflection import read_tables as read_tables
from .tables import Catalog as Catalog
from .tables import DatabaseColumn as DatabaseColumn
from .tables import DatabaseTable as DatabaseTable
from .tables import ForeignKeyConstraint as ForeignKeyConstraint
from .urls import database_name as database_name
from .urls import has_password as has_password
from .urls import mask_secrets as mask_secrets
from .urls import masked_url as masked_url
from .urls import parse_url as parse_url
from .urls import sqlite_file as sqlite_file

__all__ = [
    "BUSY_SECONDS",
    "Catalog",
    "DatabaseColumn",
    "DatabaseTable",
    "Dialect",
    "ForeignKeyConstraint",
    "ReadSchema",
    "database_file_kind",
    "database_name",
    "dialect_name",
    "driver_message",
    "driver_variables",
    "guess_keys",
    "has_password",
    "ignore_unknown_types",
    "mask_secrets",
    "masked_url",
    "open_engine",
    "parse_url",
    "read_only_engine",
    "read_schema",
    "read_tables",
    "sqlite_file",
    "translate_errors",
    "use_environment",
]
