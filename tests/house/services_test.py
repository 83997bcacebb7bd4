"""AWS is spoken by its models: no service has code of its own.

A quoted text that is a service's name is one that is compared with, looked up, or called. It may stand where an address is found
(`endpoint...`, `legacy_endpoint`, `rule...`), in S3's rules, and where credentials are asked for: by STS, and by single sign-on."""
import re

import pytest

from house import ROOT, sources

# Folders of botocore's data and endpoint prefixes, of the services that differ from the others most.
SERVICES = set("""acm apigateway appconfigdata autoscaling batch cloudformation cloudfront cloudtrail cloudwatch codebuild codecommit codepipeline
cognito-identity cognito-idp config dax dynamodb ebs ec2 ecr ecs efs eks elasticache elasticbeanstalk elasticfilesystem elasticloadbalancing
elasticmapreduce elb elbv2 emr es events firehose fsx glacier glue iam iot kafka kinesis kms lambda logs mediastore-data monitoring mq neptune
opensearch organizations polly rds redshift rekognition route53 s3 s3control sagemaker-runtime sdb secretsmanager ses sns sqs ssm sso sso-oidc
stepfunctions states sts swf timestream-write transcribe workspaces xray""".split())

# Not a service in this place, or one by which it is known whose the keys are.
ALLOWED = {
    r"plugins/aws/(endpoint|legacy_endpoint|rule|s3_)\w*\.(cpp|h)": SERVICES,
    r"plugins/aws/(role_credentials|web_identity)\.cpp": {"sts"},
    r"plugins/aws/sso_\w+\.cpp": {"sso", "sso-oidc"},
    r"plugins/aws/find_models\.cpp": {"sts"},               # the folder by which models are recognised
    r"plugins/aws/(form_request|protocol|service_model|xml_result|idempotency)\.cpp": {"ec2"},      # the protocol of that name
}


def without_comments(text):
    return re.sub(r"//.*", "", text)


def named_services(text):
    return {name for name in re.findall(r'"([a-z0-9-]+)"', without_comments(text)) if name in SERVICES}


def allowed_in(path):
    return set().union(*(names for pattern, names in ALLOWED.items() if re.fullmatch(pattern, path)))


@pytest.mark.parametrize("path", [path for path in sources(ROOT) if path.startswith("plugins/aws/")])
def test_no_service_has_code_of_its_own(path):
    assert named_services((ROOT / path).read_text()) <= allowed_in(path)


def test_a_name_in_code_is_found_and_one_in_a_comment_is_not():
    assert named_services('if (model.name() == "dynamodb") {  // "sqs"') == {"dynamodb"}
