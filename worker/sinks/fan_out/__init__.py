"""Events go to EventBridge, SNS and SQS as CloudEvents, in batches; each entry succeeds alone."""
