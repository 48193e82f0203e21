"""A rule that is sent, by the API or a form, is merged, validated and stored."""
