"""All that speaks DynamoDB; nothing above this package calls boto3."""
