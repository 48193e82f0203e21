"""The settings of the search index; `Settings` inherits them."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from app.config.addresses import is_webhook
from app.config.values import EventFilter, Projection


def _search_url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets around no address
        parts = urlsplit("")
    bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    is_plain = re.fullmatch(r"[!-~]+", text) and not parts.query and not parts.fragment
    if is_plain and is_webhook(bare):
        return value
    raise ValueError(
        "must be a URL such as https://user:password@search.example:9200, without a query "
        "(write special characters in a password as %XX)"
    )


def _index_name(value: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,199}", value):
        return value
    raise ValueError("must be 1 to 200 characters out of a-z 0-9 . _ -, and begin with a-z or 0-9")


SearchURL = Annotated[SecretStr, AfterValidator(_search_url)]
IndexName = Annotated[str, AfterValidator(_index_name)]


class SearchSettings(BaseSettings):
    """Where the search index is, and what it holds."""

    search_url: SearchURL | None = Field(
        None,
        description="URL of OpenSearch 2, such as `https://user:password@search.example:9200`: an "
        "index there gets every product (docs/use/search.md). If unset, there is no search index. "
        "The search on Stockpulse's own pages needs none.",
    )
    search_index: IndexName = Field(
        "stockpulse-products",
        description="Name that searches use: an alias of the index, which is named after it. Each "
        "deployment needs its own.",
    )
    search_sign: Literal["none", "aws"] = Field(
        "none",
        description="`aws`: sign requests for Amazon OpenSearch Service with the region and "
        "credentials that the AWS CLI uses, instead of a user and password.",
    )
    search_filter: EventFilter | None = Field(
        None,
        description="Which products are in the search index: a filter pattern over the item in "
        'DynamoDB JSON, such as `{"Category": {"S": ["Tea"]}}`. If unset, all.',
    )
    search_attributes: Projection | None = Field(
        None,
        description="Attributes of a product, separated by commas, that the search index gets; the "
        "key is always included. If unset, all.",
    )
