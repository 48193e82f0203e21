"""All access to DynamoDB; nothing above this package calls boto3."""
