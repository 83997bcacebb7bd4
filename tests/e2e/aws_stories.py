"""The calls of the judge (test_aws_judge.py), story by story: what a service can be asked for and told, in all the shapes that its answers have."""

import io
import json
import time
import zipfile

from moto import REGION

NOW_MS = int(time.time() * 1000)


class Call:
    """`keep` names what later calls of the story write as `$name`. `random` are members that moto draws from the system's random numbers:
    of these only that they are text. `clock` are members that a server fills with the time when it is asked. `saves` is what a stream that is
    saved must hold. `one_page`: runbook follows no pages where a limit is given, the aws command where it is told so."""

    def __init__(self, kind, name, params=None, *, keep=None, random=(), clock=(), saves=None, one_page=False):
        self.kind, self.name, self.params, self.keep, self.saves, self.one_page = kind, name, params or {}, keep or {}, saves, one_page
        self.random, self.clock = random, clock
        self.service, self.operation = name.split(".")

    def __repr__(self):
        return f"{self.kind} {self.name} {self.params}"


def do(name, params=None, **kwargs):
    return Call("do", name, params, **kwargs)


def look(name, params=None, **kwargs):
    return Call("look", name, params, **kwargs)


def refused(name, params=None, **kwargs):
    return Call("refused", name, params, **kwargs)


class File:
    """Bytes that are given as a file: to runbook as {file: path} where they stand, to the aws command by an option of its own. Text is base64,
    and may be of an earlier answer."""

    def __init__(self, content, option):
        self.content, self.option = content, option


def zip_of(text):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py"), text)
    return made.getvalue()


def tags(**named):
    return [{"Key": key, "Value": value} for key, value in named.items()]


AWKWARD = "a < b && c > \"d\" 'e' é 日本 🙂 100% + / \\ ="
ALL_BYTES = bytes(range(256)) * 5
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}]})
TEMPLATE = json.dumps({
    "Description": AWKWARD, "Parameters": {"Depth": {"Type": "Number", "Default": "1"}},
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "AWS::StackName"}}},
                  **{f"P{i}": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": f"/stack/{i}", "Type": "String", "Value": f"v{i}"}}
                     for i in range(3)}},
    "Outputs": {"Depth": {"Value": {"Ref": "Depth"}}, "Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Export": {"Name": "queue-arn"}}}}, ensure_ascii=False)
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                       "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 7023, "digest": "sha256:" + "b5" * 32},
                       "layers": []})
NETWORK = [
    do("ec2.CreateVpc", {"CidrBlock": "10.0.0.0/16"}, keep={"vpc": "Vpc.VpcId"}),
    do("ec2.CreateSubnet", {"VpcId": "$vpc", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-2a"}, keep={"one": "Subnet.SubnetId"}),
    do("ec2.CreateSubnet", {"VpcId": "$vpc", "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "us-east-2b"}, keep={"two": "Subnet.SubnetId"}),
]

STORIES = {}

STORIES["s3"] = [
    do("s3.CreateBucket", {"Bucket": "judge", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
    look("s3.HeadBucket", {"Bucket": "judge"}),
    look("s3.GetBucketLocation", {"Bucket": "judge"}),
    look("s3.ListBuckets"),
    look("s3.GetBucketAcl", {"Bucket": "judge"}),
    look("s3.ListObjectsV2", {"Bucket": "judge"}),
    do("s3.PutBucketTagging", {"Bucket": "judge", "Tagging": {"TagSet": tags(awkward=AWKWARD, empty="")}}),
    look("s3.GetBucketTagging", {"Bucket": "judge"}),
    do("s3.PutBucketVersioning", {"Bucket": "judge", "VersioningConfiguration": {"Status": "Enabled"}}),
    look("s3.GetBucketVersioning", {"Bucket": "judge"}),
    do("s3.PutBucketLifecycleConfiguration", {"Bucket": "judge", "LifecycleConfiguration": {"Rules": [
        {"ID": "old", "Status": "Enabled", "Filter": {"And": {"Prefix": "logs/", "Tags": tags(a="1", b="2")}}, "Expiration": {"Days": 30},
         "Transitions": [{"Days": 10, "StorageClass": "GLACIER"}]},
        {"ID": "day", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Date": "2030-01-01T00:00:00Z"}},
        {"ID": "parts", "Status": "Enabled", "Filter": {"Prefix": "x"}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]}}),
    look("s3.GetBucketLifecycleConfiguration", {"Bucket": "judge"}),
    do("s3.PutBucketCors", {"Bucket": "judge", "CORSConfiguration": {"CORSRules": [
        {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.org"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 60}]}}),
    look("s3.GetBucketCors", {"Bucket": "judge"}),
    do("s3.PutBucketPolicy", {"Bucket": "judge", "Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "é", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::judge/*"}]})}),
    look("s3.GetBucketPolicy", {"Bucket": "judge"}),
    do("s3.PutBucketEncryption", {"Bucket": "judge", "ServerSideEncryptionConfiguration": {"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}}),
    look("s3.GetBucketEncryption", {"Bucket": "judge"}),
    do("s3.PutPublicAccessBlock", {"Bucket": "judge", "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}}),
    look("s3.GetPublicAccessBlock", {"Bucket": "judge"}),
    do("s3.PutBucketWebsite", {"Bucket": "judge", "WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}, "RoutingRules": [
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}}]}}),
    look("s3.GetBucketWebsite", {"Bucket": "judge"}),
    do("s3.PutObject", {"Bucket": "judge", "Key": "folder/ü & <x> +~.txt", "Body": File(ALL_BYTES, "--body={}"), "CacheControl": "max-age=5",
                        "ContentType": "text/x-odd; charset=utf-8", "Metadata": {"who": "me", "two-words": "a  b, c"}, "Tagging": "a=b&c=d%20e",
                        "Expires": "2030-02-03T04:05:06Z", "StorageClass": "STANDARD_IA"}, keep={"version": "VersionId"}),
    look("s3.HeadObject", {"Bucket": "judge", "Key": "folder/ü & <x> +~.txt"}),
    look("s3.GetObject", {"Bucket": "judge", "Key": "folder/ü & <x> +~.txt"}, saves=ALL_BYTES),
    look("s3.GetObject", {"Bucket": "judge", "Key": "folder/ü & <x> +~.txt", "Range": "bytes=10-19", "VersionId": "$version"}, saves=ALL_BYTES[10:20]),
    look("s3.GetObjectTagging", {"Bucket": "judge", "Key": "folder/ü & <x> +~.txt"}),
    look("s3.GetObjectAttributes", {"Bucket": "judge", "Key": "folder/ü & <x> +~.txt", "ObjectAttributes": ["ETag", "ObjectSize", "StorageClass"]}),
    do("s3.PutObject", {"Bucket": "judge", "Key": "summed", "Body": File(ALL_BYTES, "--body={}"), "ChecksumAlgorithm": "SHA256"}),
    look("s3.HeadObject", {"Bucket": "judge", "Key": "summed", "ChecksumMode": "ENABLED"}),
    do("s3.PutObject", {"Bucket": "judge", "Key": "nothing", "Body": File(b"", "--body={}")}),
    look("s3.HeadObject", {"Bucket": "judge", "Key": "nothing"}),
    do("s3.PutObject", {"Bucket": "judge", "Key": "folder/no body"}),
    do("s3.CopyObject", {"Bucket": "judge", "Key": "copy", "CopySource": "judge/nothing", "MetadataDirective": "REPLACE", "Metadata": {"n": "1"}}),
    do("s3.PutObjectTagging", {"Bucket": "judge", "Key": "copy", "Tagging": {"TagSet": tags(x="y z")}}),
    do("s3.CreateMultipartUpload", {"Bucket": "judge", "Key": "large", "Metadata": {"parts": "one"}}, random=["UploadId"], keep={"upload": "UploadId"}),
    do("s3.UploadPart", {"Bucket": "judge", "Key": "large", "UploadId": "$upload", "PartNumber": 1, "Body": File(b"part" * 1000, "--body={}")},
       keep={"part": "ETag"}),
    look("s3.ListParts", {"Bucket": "judge", "Key": "large", "UploadId": "$upload"}, random=["UploadId"]),
    look("s3.ListMultipartUploads", {"Bucket": "judge"}, random=["Uploads[].UploadId"]),
    do("s3.CompleteMultipartUpload", {"Bucket": "judge", "Key": "large", "UploadId": "$upload",
                                      "MultipartUpload": {"Parts": [{"ETag": "$part", "PartNumber": 1}]}}),
    look("s3.ListObjectsV2", {"Bucket": "judge"}),
    look("s3.ListObjectsV2", {"Bucket": "judge", "Delimiter": "/", "MaxKeys": 2}, one_page=True),
    look("s3.ListObjects", {"Bucket": "judge"}),
    look("s3.ListObjectVersions", {"Bucket": "judge", "Prefix": "folder/"}),
    do("s3.DeleteObject", {"Bucket": "judge", "Key": "copy"}),
    do("s3.DeleteObjects", {"Bucket": "judge", "Delete": {"Objects": [{"Key": "large"}, {"Key": "<&>\"'"}]}}),
    look("s3.ListObjectVersions", {"Bucket": "judge"}),
    refused("s3.GetObject", {"Bucket": "judge", "Key": "never was"}, saves=b""),
    refused("s3.HeadObject", {"Bucket": "judge", "Key": "never was"}),
    refused("s3.DeleteBucket", {"Bucket": "judge"}),
    refused("s3.ListObjectsV2", {"Bucket": "judge-none"}),
]

STORIES["s3 of nothing"] = [
    do("s3.CreateBucket", {"Bucket": "judge", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
    do("s3.PutObject", {"Bucket": "judge", "Key": "nothing", "Body": File(b"", "--body={}")}),
    look("s3.GetObject", {"Bucket": "judge", "Key": "nothing"}, saves=b""),
]

STORIES["s3 names as they are asked for"] = [
    do("s3.CreateBucket", {"Bucket": "judge", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
    do("s3.PutObject", {"Bucket": "judge", "Key": "a b/é"}),
    look("s3.ListObjects", {"Bucket": "judge", "EncodingType": "url"}),
    look("s3.ListObjectsV2", {"Bucket": "judge", "EncodingType": "url", "Prefix": "a b"}),
]

STORIES["ec2"] = [
    *NETWORK,
    do("ec2.CreateTags", {"Resources": ["$vpc", "$one"], "Tags": tags(Name=AWKWARD, empty="")}),
    look("ec2.DescribeTags", {"Filters": [{"Name": "resource-id", "Values": ["$vpc", "$one"]}]}),
    do("ec2.ModifyVpcAttribute", {"VpcId": "$vpc", "EnableDnsHostnames": {"Value": True}}),
    look("ec2.DescribeVpcAttribute", {"VpcId": "$vpc", "Attribute": "enableDnsHostnames"}),
    look("ec2.DescribeVpcs"),
    look("ec2.DescribeSubnets", {"Filters": [{"Name": "vpc-id", "Values": ["$vpc"]}]}),
    look("ec2.DescribeRegions"),
    look("ec2.DescribeAvailabilityZones"),
    look("ec2.DescribeInstanceTypes", {"InstanceTypes": ["t3.micro", "m5.large"]}),
    look("ec2.DescribeAccountAttributes"),
    do("ec2.CreateSecurityGroup", {"GroupName": "web", "Description": "of the web", "VpcId": "$vpc",
                                   "TagSpecifications": [{"ResourceType": "security-group", "Tags": tags(a="b")}]}, keep={"group": "GroupId"}),
    do("ec2.AuthorizeSecurityGroupIngress", {"GroupId": "$group", "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}, {"CidrIp": "10.0.0.0/8"}],
         "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "$group"}]}]}),
    look("ec2.DescribeSecurityGroups", {"GroupIds": ["$group"]}),
    look("ec2.DescribeSecurityGroupRules", {"Filters": [{"Name": "group-id", "Values": ["$group"]}]}),
    do("ec2.ImportKeyPair", {"KeyName": "key", "PublicKeyMaterial":
                             "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDlLxsXuLVVZVQHUTMwk3AXCHzwjKzQSYuJYDZxpGPYc a@b"}),
    look("ec2.DescribeKeyPairs", {"KeyNames": ["key"]}),
    look("ec2.DescribeImages", {"ImageIds": ["ami-12c6146b"]}),
    do("ec2.RunInstances", {"ImageId": "ami-12c6146b", "MinCount": 2, "MaxCount": 2, "InstanceType": "t3.micro", "KeyName": "key",
                            "ClientToken": "token-1", "SubnetId": "$one", "SecurityGroupIds": ["$group"], "EbsOptimized": False,
                            "Monitoring": {"Enabled": True},
                            "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20, "DeleteOnTermination": True}}],
                            "TagSpecifications": [{"ResourceType": "instance", "Tags": tags(Name="machine")}]},
       keep={"machine": "Instances[0].InstanceId"}),
    look("ec2.DescribeInstances"),
    look("ec2.DescribeInstanceStatus", {"IncludeAllInstances": True}),
    look("ec2.DescribeInstanceAttribute", {"InstanceId": "$machine", "Attribute": "userData"}),
    look("ec2.DescribeVolumes"),
    look("ec2.DescribeNetworkInterfaces"),
    do("ec2.CreateInternetGateway", keep={"gateway": "InternetGateway.InternetGatewayId"}),
    do("ec2.AttachInternetGateway", {"InternetGatewayId": "$gateway", "VpcId": "$vpc"}),
    do("ec2.CreateRouteTable", {"VpcId": "$vpc"}, keep={"routes": "RouteTable.RouteTableId"}),
    do("ec2.CreateRoute", {"RouteTableId": "$routes", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "$gateway"}),
    do("ec2.AssociateRouteTable", {"RouteTableId": "$routes", "SubnetId": "$one"}),
    look("ec2.DescribeRouteTables", {"RouteTableIds": ["$routes"]}),
    look("ec2.DescribeInternetGateways"),
    do("ec2.AllocateAddress", {"Domain": "vpc"}),
    look("ec2.DescribeAddresses"),
    do("ec2.CreateLaunchTemplate", {"LaunchTemplateName": "small", "ClientToken": "token-2", "LaunchTemplateData": {
        "InstanceType": "t3.nano", "CreditSpecification": {"CpuCredits": "standard"}, "MetadataOptions": {"HttpPutResponseHopLimit": 2}}}),
    look("ec2.DescribeLaunchTemplateVersions", {"LaunchTemplateName": "small"}),
    do("ec2.CreateVolume", {"AvailabilityZone": "us-east-2a", "Size": 8, "Encrypted": True, "ClientToken": "token-3"}, keep={"volume": "VolumeId"}),
    do("ec2.CreateSnapshot", {"VolumeId": "$volume", "Description": AWKWARD}, keep={"snapshot": "SnapshotId"}),
    look("ec2.DescribeSnapshots", {"SnapshotIds": ["$snapshot"]}),
    do("ec2.StopInstances", {"InstanceIds": ["$machine"]}),
    do("ec2.TerminateInstances", {"InstanceIds": ["$machine"]}),
    refused("ec2.DescribeVpcs", {"VpcIds": ["vpc-12345678"]}),
    refused("ec2.DeleteVpc", {"VpcId": "$vpc"}),
    refused("ec2.DescribeInstances", {"DryRun": True}),
]

USER_DATA = "#!/bin/sh\necho ü\n"
STORIES["ec2 user data"] = [
    do("ec2.RunInstances", {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "ClientToken": "token-1", "UserData": USER_DATA},
       keep={"machine": "Instances[0].InstanceId"}),
    look("ec2.DescribeInstanceAttribute", {"InstanceId": "$machine", "Attribute": "userData"}),
    do("autoscaling.CreateLaunchConfiguration", {"LaunchConfigurationName": "one", "ImageId": "ami-12c6146b", "InstanceType": "t3.micro",
                                                 "UserData": USER_DATA}),
    look("autoscaling.DescribeLaunchConfigurations"),
]

STORIES["rds"] = [
    *NETWORK,
    do("rds.CreateDBSubnetGroup", {"DBSubnetGroupName": "nets", "DBSubnetGroupDescription": AWKWARD, "SubnetIds": ["$one", "$two"], "Tags": tags(a="b")}),
    look("rds.DescribeDBSubnetGroups"),
    do("rds.CreateDBParameterGroup", {"DBParameterGroupName": "own", "DBParameterGroupFamily": "mysql8.0", "Description": "ours"}),
    do("rds.ModifyDBParameterGroup", {"DBParameterGroupName": "own", "Parameters": [
        {"ParameterName": "max_connections", "ParameterValue": "100", "ApplyMethod": "immediate"},
        {"ParameterName": "sql_mode", "ParameterValue": "a,b", "ApplyMethod": "pending-reboot"}]}),
    look("rds.DescribeDBParameters", {"DBParameterGroupName": "own"}),
    look("rds.DescribeDBParameterGroups"),
    do("rds.CreateDBCluster", {"DBClusterIdentifier": "cluster", "Engine": "aurora-mysql", "MasterUsername": "root", "MasterUserPassword": "hush-hush-1",
                               "BackupRetentionPeriod": 7, "DeletionProtection": True, "DBSubnetGroupName": "nets", "AvailabilityZones": ["us-east-2a"],
                               "EnableCloudwatchLogsExports": ["audit", "error"], "Tags": tags(a="1", b="2")}),
    look("rds.DescribeDBClusters", clock=["DBClusters[].LatestRestorableTime"]),
    do("rds.CreateDBInstance", {"DBInstanceIdentifier": "db", "Engine": "mysql", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20,
                                "MasterUsername": "root", "MasterUserPassword": "hush-hush-1", "MultiAZ": False, "StorageEncrypted": True}),
    look("rds.DescribeDBInstances", clock=["DBInstances[].LatestRestorableTime"]),
    do("rds.ModifyDBInstance", {"DBInstanceIdentifier": "db", "AllocatedStorage": 40, "ApplyImmediately": True}),
    do("rds.CreateDBSnapshot", {"DBSnapshotIdentifier": "snap", "DBInstanceIdentifier": "db"}, keep={"arn": "DBSnapshot.DBSnapshotArn"}),
    look("rds.DescribeDBSnapshots"),
    do("rds.AddTagsToResource", {"ResourceName": "$arn", "Tags": tags(x=AWKWARD)}),
    look("rds.ListTagsForResource", {"ResourceName": "$arn"}),
    do("rds.DeleteDBInstance", {"DBInstanceIdentifier": "db", "SkipFinalSnapshot": True}),
    refused("rds.DescribeDBInstances", {"DBInstanceIdentifier": "none"}),
    refused("rds.DeleteDBCluster", {"DBClusterIdentifier": "cluster", "SkipFinalSnapshot": True}),
]

STORIES["iam"] = [
    do("iam.CreateRole", {"RoleName": "role", "Path": "/judge/", "AssumeRolePolicyDocument": TRUST, "Description": AWKWARD.replace("日本 🙂 ", ""),
                          "MaxSessionDuration": 7200, "Tags": tags(a="b")}),
    look("iam.GetRole", {"RoleName": "role"}),
    do("iam.PutRolePolicy", {"RoleName": "role", "PolicyName": "inline", "PolicyDocument": POLICY}),
    look("iam.GetRolePolicy", {"RoleName": "role", "PolicyName": "inline"}),
    look("iam.ListRolePolicies", {"RoleName": "role"}),
    do("iam.CreatePolicy", {"PolicyName": "managed", "PolicyDocument": POLICY}, keep={"policy": "Policy.Arn"}),
    look("iam.GetPolicyVersion", {"PolicyArn": "$policy", "VersionId": "v1"}),
    do("iam.AttachRolePolicy", {"RoleName": "role", "PolicyArn": "$policy"}),
    look("iam.ListAttachedRolePolicies", {"RoleName": "role"}),
    look("iam.ListEntitiesForPolicy", {"PolicyArn": "$policy"}),
    look("iam.ListPolicies", {"Scope": "AWS", "PathPrefix": "/aws-service-role/"}),
    do("iam.CreateInstanceProfile", {"InstanceProfileName": "profile"}),
    do("iam.AddRoleToInstanceProfile", {"InstanceProfileName": "profile", "RoleName": "role"}),
    look("iam.GetInstanceProfile", {"InstanceProfileName": "profile"}),
    do("iam.CreateUser", {"UserName": "user", "Tags": tags(k="v")}),
    do("iam.CreateAccessKey", {"UserName": "user"}),
    look("iam.ListAccessKeys", {"UserName": "user"}),
    do("iam.CreateLoginProfile", {"UserName": "user", "Password": "<Hush&Hush>1", "PasswordResetRequired": True}),
    look("iam.GetLoginProfile", {"UserName": "user"}),
    do("iam.CreateGroup", {"GroupName": "group"}),
    do("iam.AddUserToGroup", {"GroupName": "group", "UserName": "user"}),
    look("iam.GetGroup", {"GroupName": "group"}),
    look("iam.ListUsers"),
    look("iam.ListRoles"),
    look("iam.GetAccountSummary"),
    look("iam.GetAccountAuthorizationDetails", {"Filter": ["Role", "User"]}),
    do("iam.CreateOpenIDConnectProvider", {"Url": "https://oidc.example.org/id/1", "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": ["a" * 40]},
       keep={"oidc": "OpenIDConnectProviderArn"}),
    look("iam.GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": "$oidc"}),
    do("iam.UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 14, "RequireSymbols": True}),
    look("iam.GetAccountPasswordPolicy"),
    refused("iam.GetRole", {"RoleName": "none"}),
    refused("iam.CreateUser", {"UserName": "user"}),
]

STORIES["sts"] = [
    do("sts.AssumeRole", {"RoleArn": "arn:aws:iam::123456789012:role/role", "RoleSessionName": "judge", "DurationSeconds": 1200, "Policy": POLICY,
                          "Tags": tags(a="b")}, random=["Credentials.SessionToken"]),
    do("sts.GetSessionToken", {"DurationSeconds": 900}),
    do("sts.GetFederationToken", {"Name": "someone", "Policy": POLICY}),
    do("sts.AssumeRoleWithWebIdentity", {"RoleArn": "arn:aws:iam::123456789012:role/role", "RoleSessionName": "web", "WebIdentityToken": "token"},
       random=["Credentials.SessionToken"]),
    look("sts.GetCallerIdentity"),
    look("sts.GetAccessKeyInfo", {"AccessKeyId": "AKIAEXAMPLEEXAMPLE12"}),
]

STORIES["route53 identifiers"] = [
    do("route53.CreateHostedZone", {"Name": "example.org.", "CallerReference": "one", "HostedZoneConfig": {"Comment": AWKWARD, "PrivateZone": False}},
       keep={"zone": "HostedZone.Id"}),
    look("route53.GetHostedZone", {"Id": "$zone"}),
]

STORIES["route53"] = [
    do("route53.CreateHostedZone", {"Name": "example.org.", "CallerReference": "one", "HostedZoneConfig": {"Comment": AWKWARD, "PrivateZone": False}},
       keep={"zone": "HostedZone.Id/"}),
    do("route53.ChangeResourceRecordSets", {"HostedZoneId": "$zone", "ChangeBatch": {"Comment": "many", "Changes": [
        {"Action": "CREATE", "ResourceRecordSet": {"Name": f"h{i:03}.example.org", "Type": "A", "TTL": 60,
                                                   "ResourceRecords": [{"Value": f"10.0.0.{i}"}, {"Value": "10.1.0.1"}]}} for i in range(240)] + [
        {"Action": "UPSERT", "ResourceRecordSet": {"Name": "alias.example.org", "Type": "A", "AliasTarget": {
            "HostedZoneId": "Z1", "DNSName": "h000.example.org.", "EvaluateTargetHealth": False}}},
        {"Action": "CREATE", "ResourceRecordSet": {"Name": "*.w.example.org", "Type": "TXT", "SetIdentifier": "a", "Weight": 0, "TTL": 5,
                                                   "ResourceRecords": [{"Value": '"a <b> & \\"c\\""'}]}}]}}),
    look("route53.ListResourceRecordSets", {"HostedZoneId": "$zone"}),
    look("route53.ListResourceRecordSets", {"HostedZoneId": "$zone", "MaxItems": "3"}, one_page=True),
    look("route53.ListHostedZones"),
    look("route53.ListHostedZonesByName", {"DNSName": "example.org"}),
    look("route53.GetHostedZone", {"Id": "$zone"}),
    look("route53.GetHostedZoneCount"),
    do("route53.CreateHealthCheck", {"CallerReference": "two", "HealthCheckConfig": {
        "Type": "HTTPS", "FullyQualifiedDomainName": "example.org", "Port": 443, "ResourcePath": "/a?b=c&d", "RequestInterval": 30,
        "FailureThreshold": 3, "Inverted": False, "Regions": ["us-east-1", "us-west-1", "eu-west-1"]}}, keep={"check": "HealthCheck.Id"}),
    look("route53.GetHealthCheck", {"HealthCheckId": "$check"}),
    look("route53.ListHealthChecks"),
    do("route53.ChangeTagsForResource", {"ResourceType": "healthcheck", "ResourceId": "$check", "AddTags": tags(a=AWKWARD)}),
    look("route53.ListTagsForResource", {"ResourceType": "healthcheck", "ResourceId": "$check"}),
    look("route53.GetChange", {"Id": "/change/C1"}, clock=["ChangeInfo.SubmittedAt"]),
    refused("route53.GetHostedZone", {"Id": "Z0"}),
    refused("route53.DeleteHostedZone", {"Id": "$zone"}),
]

STORIES["eks"] = [
    *NETWORK,
    do("eks.CreateCluster", {"name": "cluster", "version": "1.29", "roleArn": "arn:aws:iam::123456789012:role/role", "clientRequestToken": "token-1",
                             "resourcesVpcConfig": {"subnetIds": ["$one", "$two"], "endpointPrivateAccess": True, "publicAccessCidrs": []},
                             "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16"}, "tags": {"a b": "ü", "c": ""},
                             "logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]}}, keep={"arn": "cluster.arn"}),
    look("eks.DescribeCluster", {"name": "cluster"}),
    look("eks.ListClusters"),
    do("eks.CreateNodegroup", {"clusterName": "cluster", "nodegroupName": "nodes", "subnets": ["$one"], "nodeRole": "arn:aws:iam::123456789012:role/n",
                               "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2}, "labels": {"k": "v"}, "clientRequestToken": "token-2",
                               "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]}),
    look("eks.DescribeNodegroup", {"clusterName": "cluster", "nodegroupName": "nodes"}),
    look("eks.ListNodegroups", {"clusterName": "cluster"}),
    do("eks.CreateFargateProfile", {"clusterName": "cluster", "fargateProfileName": "fargate", "podExecutionRoleArn": "arn:aws:iam::123456789012:role/p",
                                    "subnets": ["$one"], "selectors": [{"namespace": "default", "labels": {"a": "b"}}], "clientRequestToken": "token-3"}),
    look("eks.DescribeFargateProfile", {"clusterName": "cluster", "fargateProfileName": "fargate"}),
    do("eks.TagResource", {"resourceArn": "$arn", "tags": {"more": "a/b?c"}}),
    look("eks.ListTagsForResource", {"resourceArn": "$arn"}),
    do("eks.UpdateClusterConfig", {"name": "cluster", "logging": {"clusterLogging": [{"types": ["api"], "enabled": False}]}, "clientRequestToken": "token-4"}),
    do("eks.DeleteNodegroup", {"clusterName": "cluster", "nodegroupName": "nodes"}),
    refused("eks.DescribeCluster", {"name": "none"}),
    refused("eks.CreateNodegroup", {"clusterName": "none", "nodegroupName": "nodes", "subnets": ["$one"], "nodeRole": "arn:aws:iam::123456789012:role/n"}),
]

STORIES["ecr"] = [
    do("ecr.CreateRepository", {"repositoryName": "team/app", "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True},
                                "tags": tags(a="b")}, keep={"arn": "repository.repositoryArn"}),
    look("ecr.DescribeRepositories"),
    do("ecr.PutImage", {"repositoryName": "team/app", "imageManifest": MANIFEST, "imageTag": "v1"}, keep={"digest": "image.imageId.imageDigest"}),
    look("ecr.DescribeImages", {"repositoryName": "team/app"}),
    look("ecr.ListImages", {"repositoryName": "team/app"}),
    look("ecr.BatchGetImage", {"repositoryName": "team/app", "imageIds": [{"imageDigest": "$digest"}, {"imageTag": "none"}]}),
    do("ecr.PutLifecyclePolicy", {"repositoryName": "team/app", "lifecyclePolicyText": json.dumps({"rules": [
        {"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3}, "action": {"type": "expire"}}]})}),
    look("ecr.GetLifecyclePolicy", {"repositoryName": "team/app"}, clock=["lastEvaluatedAt"]),
    do("ecr.SetRepositoryPolicy", {"repositoryName": "team/app", "policyText": json.dumps({"Version": "2008-10-17", "Statement": [
        {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}]})}),
    look("ecr.GetRepositoryPolicy", {"repositoryName": "team/app"}),
    do("ecr.TagResource", {"resourceArn": "$arn", "tags": tags(c=AWKWARD)}),
    look("ecr.ListTagsForResource", {"resourceArn": "$arn"}),
    do("ecr.GetAuthorizationToken"),
    do("ecr.BatchDeleteImage", {"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}, {"imageTag": "v2"}]}),
    refused("ecr.DescribeRepositories", {"repositoryNames": ["none"]}),
    refused("ecr.CreateRepository", {"repositoryName": "team/app"}),
]

STORIES["cloudformation"] = [
    do("cloudformation.CreateStack", {"StackName": "stack", "TemplateBody": TEMPLATE, "Parameters": [{"ParameterKey": "Depth", "ParameterValue": "2"}],
                                      "Tags": tags(a=AWKWARD), "Capabilities": ["CAPABILITY_IAM"], "TimeoutInMinutes": 5, "DisableRollback": True},
       keep={"stack": "StackId"}),
    look("cloudformation.DescribeStacks", {"StackName": "stack"}),
    look("cloudformation.ListStacks", {"StackStatusFilter": ["CREATE_COMPLETE"]}),
    look("cloudformation.ListStackResources", {"StackName": "stack"}),
    look("cloudformation.DescribeStackResources", {"StackName": "stack"}),
    look("cloudformation.DescribeStackEvents", {"StackName": "$stack"}),
    look("cloudformation.ValidateTemplate", {"TemplateBody": TEMPLATE}),
    look("cloudformation.ListExports"),
    do("cloudformation.CreateChangeSet", {"StackName": "stack", "ChangeSetName": "change", "TemplateBody": TEMPLATE.replace("v1", "v9")}),
    look("cloudformation.DescribeChangeSet", {"StackName": "stack", "ChangeSetName": "change"}),
    do("cloudformation.UpdateStack", {"StackName": "stack", "TemplateBody": TEMPLATE.replace("v2", "v8")}),
    look("ssm.GetParametersByPath", {"Path": "/stack"}),
    refused("cloudformation.DescribeStacks", {"StackName": "none"}),
    refused("cloudformation.ValidateTemplate", {"TemplateBody": "{"}),
    do("cloudformation.DeleteStack", {"StackName": "stack"}),
]

STORIES["cloudformation template"] = [
    do("cloudformation.CreateStack", {"StackName": "stack", "TemplateBody": TEMPLATE}),
    look("cloudformation.GetTemplate", {"StackName": "stack"}),
]

STORIES["ssm"] = [
    do("cloudformation.CreateStack", {"StackName": "many", "TemplateBody": json.dumps({"Resources": {f"P{i}": {
        "Type": "AWS::SSM::Parameter", "Properties": {"Name": f"/many/{i:02}", "Type": "String", "Value": f"v{i}"}} for i in range(25)}})}),
    look("ssm.GetParametersByPath", {"Path": "/many"}),
    look("ssm.GetParametersByPath", {"Path": "/many", "MaxResults": 4}, one_page=True),
    look("ssm.DescribeParameters"),
    do("ssm.PutParameter", {"Name": "/app/a", "Value": AWKWARD, "Type": "String", "Description": "é", "Tags": tags(a="b"), "AllowedPattern": ".*"}),
    do("ssm.PutParameter", {"Name": "/app/list", "Value": "a,b", "Type": "StringList", "Tier": "Advanced"}),
    do("ssm.PutParameter", {"Name": "/app/s", "Value": "hush", "Type": "SecureString", "KeyId": "alias/aws/ssm"}),
    do("ssm.PutParameter", {"Name": "/app/a", "Value": "second", "Overwrite": True}),
    look("ssm.GetParameter", {"Name": "/app/a"}),
    look("ssm.GetParameters", {"Names": ["/app/s", "/app/none"], "WithDecryption": True}),
    look("ssm.GetParameterHistory", {"Name": "/app/a"}),
    do("ssm.LabelParameterVersion", {"Name": "/app/a", "Labels": ["good", "1bad"]}),
    look("ssm.ListTagsForResource", {"ResourceType": "Parameter", "ResourceId": "/app/a"}),
    do("ssm.CreateDocument", {"Name": "doc", "DocumentType": "Command", "DocumentFormat": "JSON", "Content": json.dumps({
        "schemaVersion": "2.2", "description": "d", "parameters": {"P": {"type": "String", "default": "x"}},
        "mainSteps": [{"action": "aws:runShellScript", "name": "s", "inputs": {"runCommand": ["true"]}}]})}),
    look("ssm.DescribeDocument", {"Name": "doc"}),
    look("ssm.GetDocument", {"Name": "doc"}),
    do("ssm.CreateMaintenanceWindow", {"Name": "window", "Schedule": "cron(0 2 ? * SUN *)", "Duration": 3, "Cutoff": 1, "AllowUnassociatedTargets": False,
                                       "ClientToken": "token-1"}),
    look("ssm.DescribeMaintenanceWindows"),
    do("ssm.DeleteParameters", {"Names": ["/app/list", "/app/none"]}),
    refused("ssm.GetParameter", {"Name": "/app/none"}),
    refused("ssm.PutParameter", {"Name": "/app/a", "Value": "again", "Type": "String"}),
]

STORIES["secretsmanager"] = [
    do("secretsmanager.CreateSecret", {"Name": "db", "SecretString": AWKWARD, "Description": "d", "ClientRequestToken": "1" * 32, "Tags": tags(a="b")},
       keep={"arn": "ARN"}),
    look("secretsmanager.GetSecretValue", {"SecretId": "db"}),
    do("secretsmanager.CreateSecret", {"Name": "bytes", "SecretBinary": File(ALL_BYTES, "--secret-binary=fileb://{}"), "ClientRequestToken": "2" * 32}),
    look("secretsmanager.GetSecretValue", {"SecretId": "bytes"}),
    do("secretsmanager.PutSecretValue", {"SecretId": "$arn", "SecretString": "{\"a\": 1}", "ClientRequestToken": "3" * 32, "VersionStages": ["NEXT"]}),
    look("secretsmanager.DescribeSecret", {"SecretId": "db"}),
    look("secretsmanager.ListSecretVersionIds", {"SecretId": "db"}, clock=["Versions[].CreatedDate", "Versions[].LastAccessedDate"]),
    look("secretsmanager.ListSecrets", {"Filters": [{"Key": "name", "Values": ["db", "bytes"]}]}),
    do("secretsmanager.TagResource", {"SecretId": "db", "Tags": tags(é=AWKWARD)}),
    do("secretsmanager.PutResourcePolicy", {"SecretId": "db", "ResourcePolicy": POLICY}),
    look("secretsmanager.GetResourcePolicy", {"SecretId": "db"}),
    do("secretsmanager.GetRandomPassword", {"PasswordLength": 40, "ExcludePunctuation": True}),
    do("secretsmanager.UpdateSecret", {"SecretId": "db", "Description": "other"}),
    do("secretsmanager.DeleteSecret", {"SecretId": "db", "RecoveryWindowInDays": 7}),
    do("secretsmanager.RestoreSecret", {"SecretId": "db"}),
    refused("secretsmanager.GetSecretValue", {"SecretId": "none"}),
    refused("secretsmanager.CreateSecret", {"Name": "db", "SecretString": "x"}),
]

STORIES["kms"] = [
    do("kms.CreateKey", {"Description": AWKWARD, "KeyUsage": "ENCRYPT_DECRYPT", "Tags": [{"TagKey": "a", "TagValue": "b"}]},
       keep={"key": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"}),
    look("kms.DescribeKey", {"KeyId": "$arn"}),
    do("kms.CreateAlias", {"AliasName": "alias/judge", "TargetKeyId": "$key"}),
    look("kms.ListAliases"),
    look("kms.ListKeys"),
    do("kms.Encrypt", {"KeyId": "$key", "Plaintext": File(ALL_BYTES, "--plaintext=fileb://{}"), "EncryptionContext": {"a": "b"}},
       random=["CiphertextBlob"], keep={"cipher": "CiphertextBlob"}),
    look("kms.Decrypt", {"CiphertextBlob": File("$cipher", "--ciphertext-blob=fileb://{}"), "EncryptionContext": {"a": "b"}}),
    do("kms.GenerateDataKey", {"KeyId": "$key", "KeySpec": "AES_256"}, random=["CiphertextBlob", "Plaintext"]),
    do("kms.EnableKeyRotation", {"KeyId": "$key"}),
    look("kms.GetKeyRotationStatus", {"KeyId": "$key"}),
    do("kms.PutKeyPolicy", {"KeyId": "$key", "PolicyName": "default", "Policy": POLICY}),
    look("kms.GetKeyPolicy", {"KeyId": "$key", "PolicyName": "default"}),
    do("kms.TagResource", {"KeyId": "$key", "Tags": [{"TagKey": "c", "TagValue": "é"}]}),
    look("kms.ListResourceTags", {"KeyId": "$key"}),
    do("kms.CreateGrant", {"KeyId": "$arn", "GranteePrincipal": "arn:aws:iam::123456789012:role/r", "Operations": ["Encrypt", "Decrypt"], "Name": "g",
                           "Constraints": {"EncryptionContextSubset": {"a": "b"}}}),
    look("kms.ListGrants", {"KeyId": "$arn"}),
    do("kms.DisableKey", {"KeyId": "$key"}),
    do("kms.ScheduleKeyDeletion", {"KeyId": "$key", "PendingWindowInDays": 7}),
    look("kms.DescribeKey", {"KeyId": "$key"}),
    refused("kms.DescribeKey", {"KeyId": "12345678-1234-1234-1234-123456789012"}),
    refused("kms.Decrypt", {"CiphertextBlob": "no cipher"}),
]

STORIES["sqs"] = [
    do("sqs.CreateQueue", {"QueueName": "queue", "Attributes": {"VisibilityTimeout": "4500", "DelaySeconds": "0"}, "tags": {"a b": "ü"}},
       keep={"queue": "QueueUrl"}),
    look("sqs.GetQueueUrl", {"QueueName": "queue"}),
    look("sqs.ListQueues"),
    look("sqs.ListQueues", {"QueueNamePrefix": "nothing"}),
    look("sqs.GetQueueAttributes", {"QueueUrl": "$queue", "AttributeNames": ["All"]}),
    do("sqs.SetQueueAttributes", {"QueueUrl": "$queue", "Attributes": {"Policy": "", "MessageRetentionPeriod": "3600"}}),
    do("sqs.SendMessage", {"QueueUrl": "$queue", "MessageBody": AWKWARD + "\n\ttab\r\n", "MessageAttributes": {
        "text": {"DataType": "String", "StringValue": "é"}, "number": {"DataType": "Number", "StringValue": "1.5"},
        "bytes": {"DataType": "Binary", "BinaryValue": "bytes é"}}}),
    do("sqs.ReceiveMessage", {"QueueUrl": "$queue", "AttributeNames": ["All"], "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10,
                              "WaitTimeSeconds": 0}, keep={"handle": "Messages[0].ReceiptHandle"}),
    do("sqs.ReceiveMessage", {"QueueUrl": "$queue", "WaitTimeSeconds": 0}),
    do("sqs.ChangeMessageVisibility", {"QueueUrl": "$queue", "ReceiptHandle": "$handle", "VisibilityTimeout": 3000}),
    do("sqs.DeleteMessage", {"QueueUrl": "$queue", "ReceiptHandle": "$handle"}),
    do("sqs.SendMessageBatch", {"QueueUrl": "$queue", "Entries": [{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2", "DelaySeconds": 5}]}),
    do("sqs.DeleteMessageBatch", {"QueueUrl": "$queue", "Entries": [{"Id": "x", "ReceiptHandle": "none"}]}),
    look("sqs.ListQueueTags", {"QueueUrl": "$queue"}),
    do("sqs.CreateQueue", {"QueueName": "one.fifo", "Attributes": {"FifoQueue": "true", "ContentBasedDeduplication": "true"}}, keep={"fifo": "QueueUrl"}),
    do("sqs.SendMessage", {"QueueUrl": "$fifo", "MessageBody": "x", "MessageGroupId": "g"}),
    do("sqs.PurgeQueue", {"QueueUrl": "$queue"}),
    refused("sqs.GetQueueUrl", {"QueueName": "none"}),
    refused("sqs.SendMessageBatch", {"QueueUrl": "$queue", "Entries": [{"Id": "a", "MessageBody": "1"}, {"Id": "a", "MessageBody": "2"}]}),
]

STORIES["sns"] = [
    do("sns.CreateTopic", {"Name": "topic", "Attributes": {"DisplayName": AWKWARD.replace("日本 🙂 ", "")}, "Tags": tags(a="b")}, keep={"topic": "TopicArn"}),
    look("sns.ListTopics"),
    look("sns.GetTopicAttributes", {"TopicArn": "$topic"}),
    do("sqs.CreateQueue", {"QueueName": "sink"}),
    do("sns.Subscribe", {"TopicArn": "$topic", "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:{REGION}:123456789012:sink", "ReturnSubscriptionArn": True,
                         "Attributes": {"FilterPolicy": json.dumps({"kind": ["<a>", "b&c"]})}}, keep={"subscription": "SubscriptionArn"}),
    look("sns.ListSubscriptionsByTopic", {"TopicArn": "$topic"}),
    look("sns.GetSubscriptionAttributes", {"SubscriptionArn": "$subscription"}),
    do("sns.Publish", {"TopicArn": "$topic", "Message": AWKWARD, "Subject": "s", "MessageAttributes": {
        "kind": {"DataType": "String", "StringValue": "b&c"}, "bytes": {"DataType": "Binary", "BinaryValue": "é\x7f"}}}),
    do("sns.PublishBatch", {"TopicArn": "$topic", "PublishBatchRequestEntries": [{"Id": "1", "Message": "a"}, {"Id": "2", "Message": "b"}]}),
    do("sns.SetTopicAttributes", {"TopicArn": "$topic", "AttributeName": "DisplayName", "AttributeValue": ""}),
    do("sns.TagResource", {"ResourceArn": "$topic", "Tags": tags(c="d=e&f")}),
    look("sns.ListTagsForResource", {"ResourceArn": "$topic"}),
    do("sns.CreatePlatformApplication", {"Name": "app", "Platform": "GCM", "Attributes": {"PlatformCredential": "x"}}, keep={"app": "PlatformApplicationArn"}),
    look("sns.ListPlatformApplications"),
    look("sns.ListPhoneNumbersOptedOut"),
    do("sns.Unsubscribe", {"SubscriptionArn": "$subscription"}),
    look("sns.ListSubscriptions"),
    refused("sns.GetTopicAttributes", {"TopicArn": f"arn:aws:sns:{REGION}:123456789012:none"}),
    refused("sns.Publish", {"TopicArn": "$topic", "Message": "m", "MessageAttributes": {"a": {"DataType": "Odd", "StringValue": "x"}}}),
]

EVERY_TYPE = {
    "id": {"S": "one"}, "n": {"N": "12345678901234567890.5"}, "b": {"B": "bytes é"}, "ss": {"SS": ["a", AWKWARD]}, "ns": {"NS": ["1", "-2.5"]},
    "bs": {"BS": ["x", "yz"]}, "null": {"NULL": True}, "yes": {"BOOL": True}, "no": {"BOOL": False}, "l": {"L": [{"S": ""}, {"L": []}, {"N": "0"}]},
    "m": {"M": {"k": {"M": {}}}}}
TABLE = {"TableName": "table", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
         "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
STORIES["dynamodb"] = [
    do("dynamodb.CreateTable", TABLE | {"SSESpecification": {"Enabled": False}, "Tags": tags(a="b")}, keep={"arn": "TableDescription.TableArn"}),
    look("dynamodb.DescribeTable", {"TableName": "table"}),
    look("dynamodb.ListTables"),
    look("dynamodb.Scan", {"TableName": "table"}),
    do("dynamodb.PutItem", {"TableName": "table", "Item": EVERY_TYPE, "ReturnConsumedCapacity": "TOTAL"}),
    look("dynamodb.GetItem", {"TableName": "table", "Key": {"id": {"S": "one"}}, "ConsistentRead": True}),
    look("dynamodb.GetItem", {"TableName": "table", "Key": {"id": {"S": "none"}}}),
    do("dynamodb.UpdateItem", {"TableName": "table", "Key": {"id": {"S": "one"}}, "UpdateExpression": "SET #n = #n + :one REMOVE ss",
                               "ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "ALL_NEW"}),
    do("dynamodb.BatchWriteItem", {"RequestItems": {"table": [
        {"PutRequest": {"Item": {"id": {"S": f"i{i:02}"}, "long": {"S": "x" * 60_000}}}} for i in range(25)]}}),
    look("dynamodb.Scan", {"TableName": "table", "ProjectionExpression": "id"}),
    look("dynamodb.Scan", {"TableName": "table", "Select": "COUNT"}),
    look("dynamodb.Scan", {"TableName": "table", "Limit": 2, "ProjectionExpression": "id"}, one_page=True),
    look("dynamodb.Query", {"TableName": "table", "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "one"}}}),
    look("dynamodb.BatchGetItem", {"RequestItems": {"table": {"Keys": [{"id": {"S": "one"}}], "ProjectionExpression": "b, bs, m"}}}),
    do("dynamodb.TransactWriteItems", {"ClientRequestToken": "token", "TransactItems": [
        {"Put": {"TableName": "table", "Item": {"id": {"S": "t"}}}}, {"Delete": {"TableName": "table", "Key": {"id": {"S": "i00"}}}}]}),
    do("dynamodb.DeleteItem", {"TableName": "table", "Key": {"id": {"S": "t"}}, "ReturnValues": "ALL_OLD"}),
    do("dynamodb.UpdateTimeToLive", {"TableName": "table", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}}),
    look("dynamodb.DescribeTimeToLive", {"TableName": "table"}),
    look("dynamodb.DescribeContinuousBackups", {"TableName": "table"}),
    look("dynamodb.ListTagsOfResource", {"ResourceArn": "$arn"}),
    refused("dynamodb.PutItem", {"TableName": "table", "Item": {"id": {"S": "one"}}, "ConditionExpression": "attribute_not_exists(id)"}),
    refused("dynamodb.DescribeTable", {"TableName": "none"}),
    refused("dynamodb.TransactWriteItems", {"TransactItems": [{"ConditionCheck": {
        "TableName": "table", "Key": {"id": {"S": "one"}}, "ConditionExpression": "attribute_not_exists(id)"}}]}),
]

STORIES["lambda"] = [
    do("iam.CreateRole", {"RoleName": "runs", "AssumeRolePolicyDocument": TRUST.replace("ec2", "lambda")}, keep={"role": "Role.Arn"}),
    do("lambda.CreateFunction", {"FunctionName": "f", "Runtime": "python3.12", "Role": "$role", "Handler": "index.handler", "Timeout": 30, "Publish": True,
                                 "Code": {"ZipFile": File(zip_of("def handler(event, context): return event\n"), "--zip-file=fileb://{}")},
                                 "Environment": {"Variables": {"AA": AWKWARD, "BB": ""}}, "Tags": {"a b": "ü"}, "Architectures": ["arm64"],
                                 "Description": "d", "EphemeralStorage": {"Size": 1024}}, keep={"arn": "FunctionArn"}),
    look("lambda.GetFunction", {"FunctionName": "f"}),
    look("lambda.GetFunctionConfiguration", {"FunctionName": "f", "Qualifier": "$LATEST"}),
    look("lambda.ListFunctions"),
    do("lambda.UpdateFunctionConfiguration", {"FunctionName": "f", "MemorySize": 512, "TracingConfig": {"Mode": "Active"}}),
    do("lambda.UpdateFunctionCode", {"FunctionName": "f", "ZipFile": File(zip_of("handler = None\n"), "--zip-file=fileb://{}")}),
    do("lambda.PublishVersion", {"FunctionName": "f", "Description": "second"}),
    look("lambda.ListVersionsByFunction", {"FunctionName": "f"}),
    do("lambda.CreateAlias", {"FunctionName": "f", "Name": "live", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}}),
    look("lambda.GetAlias", {"FunctionName": "f", "Name": "live"}),
    do("lambda.AddPermission", {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}),
    look("lambda.GetPolicy", {"FunctionName": "f"}),
    do("lambda.PutFunctionConcurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": 5}),
    look("lambda.GetFunctionConcurrency", {"FunctionName": "f"}),
    look("lambda.ListTags", {"Resource": "$arn"}),
    do("lambda.PublishLayerVersion", {"LayerName": "layer", "Content": {"ZipFile": File(zip_of("x = 1\n"), "--zip-file=fileb://{}")},
                                      "CompatibleRuntimes": ["python3.12"], "LicenseInfo": "MIT"}),
    look("lambda.ListLayerVersions", {"LayerName": "layer"}),
    do("lambda.CreateFunctionUrlConfig", {"FunctionName": "f", "AuthType": "NONE", "Cors": {"AllowOrigins": ["*"], "MaxAge": 10, "AllowCredentials": False}}),
    do("lambda.Invoke", {"FunctionName": "f", "Payload": "{\"a\": \"ü\"}", "LogType": "Tail"}, saves="{\"a\": \"ü\"}".encode()),
    do("lambda.DeleteFunction", {"FunctionName": "f"}),
    refused("lambda.GetFunction", {"FunctionName": "f"}),
]

STORIES["logs"] = [
    do("logs.CreateLogGroup", {"logGroupName": "/app/log", "tags": {"a b": "ü"}}),
    do("logs.CreateLogStream", {"logGroupName": "/app/log", "logStreamName": "one"}),
    do("logs.PutLogEvents", {"logGroupName": "/app/log", "logStreamName": "one", "logEvents": [
        {"timestamp": NOW_MS - 10 + i, "message": f"{i} {AWKWARD}"} for i in range(5)] + [{"timestamp": NOW_MS, "message": "\u001b[1m\u0000\u2028"}]}),
    look("logs.GetLogEvents", {"logGroupName": "/app/log", "logStreamName": "one", "startFromHead": True, "limit": 4}),
    look("logs.FilterLogEvents", {"logGroupName": "/app/log"}),
    do("logs.PutRetentionPolicy", {"logGroupName": "/app/log", "retentionInDays": 14}),
    look("logs.DescribeLogGroups"),
    look("logs.DescribeLogStreams", {"logGroupName": "/app/log"}),
    do("logs.PutMetricFilter", {"logGroupName": "/app/log", "filterName": "errors", "filterPattern": "[a, b=ERROR]", "metricTransformations": [
        {"metricName": "Errors", "metricNamespace": "App", "metricValue": "1", "defaultValue": 0.5}]}),
    look("logs.DescribeMetricFilters", {"logGroupName": "/app/log"}),
    do("logs.PutResourcePolicy", {"policyName": "p", "policyDocument": POLICY}),
    look("logs.DescribeResourcePolicies"),
    look("logs.ListTagsLogGroup", {"logGroupName": "/app/log"}),
    do("logs.DeleteLogStream", {"logGroupName": "/app/log", "logStreamName": "one"}),
    look("logs.DescribeLogStreams", {"logGroupName": "/app/log"}),
    refused("logs.CreateLogGroup", {"logGroupName": "/app/log"}),
    refused("logs.DeleteLogStream", {"logGroupName": "/app/log", "logStreamName": "none"}),
]

STORIES["autoscaling"] = [
    *NETWORK,
    do("autoscaling.CreateLaunchConfiguration", {"LaunchConfigurationName": "small", "ImageId": "ami-12c6146b", "InstanceType": "t3.micro",
                                                 "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9, "DeleteOnTermination": True}}],
                                                 "AssociatePublicIpAddress": False, "InstanceMonitoring": {"Enabled": False}}),
    look("autoscaling.DescribeLaunchConfigurations"),
    do("autoscaling.CreateAutoScalingGroup", {"AutoScalingGroupName": "group", "LaunchConfigurationName": "small", "MinSize": 0, "MaxSize": 4,
                                              "DesiredCapacity": 2, "VPCZoneIdentifier": "$one,$two", "TerminationPolicies": ["OldestInstance"],
                                              "Tags": [{"Key": "k", "Value": AWKWARD, "PropagateAtLaunch": True, "ResourceId": "group",
                                                        "ResourceType": "auto-scaling-group"}]}),
    look("autoscaling.DescribeAutoScalingGroups"),
    look("autoscaling.DescribeAutoScalingInstances"),
    look("autoscaling.DescribeTags"),
    do("autoscaling.PutScalingPolicy", {"AutoScalingGroupName": "group", "PolicyName": "track", "PolicyType": "TargetTrackingScaling",
                                        "TargetTrackingConfiguration": {"TargetValue": 50.5, "DisableScaleIn": True, "PredefinedMetricSpecification": {
                                            "PredefinedMetricType": "ASGAverageCPUUtilization"}}}),
    look("autoscaling.DescribePolicies"),
    do("autoscaling.PutLifecycleHook", {"AutoScalingGroupName": "group", "LifecycleHookName": "hook", "HeartbeatTimeout": 60, "DefaultResult": "CONTINUE",
                                        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}),
    look("autoscaling.DescribeLifecycleHooks", {"AutoScalingGroupName": "group"}),
    do("autoscaling.PutScheduledUpdateGroupAction", {"AutoScalingGroupName": "group", "ScheduledActionName": "night", "Recurrence": "0 22 * * *",
                                                     "StartTime": "2030-01-01T22:00:00Z", "DesiredCapacity": 0}),
    look("autoscaling.DescribeScheduledActions"),
    do("autoscaling.SetDesiredCapacity", {"AutoScalingGroupName": "group", "DesiredCapacity": 1, "HonorCooldown": False}),
    do("autoscaling.SuspendProcesses", {"AutoScalingGroupName": "group", "ScalingProcesses": ["Launch", "Terminate"]}),
    look("autoscaling.DescribeScalingActivities"),
    do("autoscaling.DeleteAutoScalingGroup", {"AutoScalingGroupName": "group", "ForceDelete": True}),
    look("autoscaling.DescribeAutoScalingGroups"),
    refused("autoscaling.CreateAutoScalingGroup", {"AutoScalingGroupName": "none", "MinSize": 0, "MaxSize": 1, "AvailabilityZones": ["us-east-2a"]}),
]

STORIES["elbv2"] = [
    *NETWORK,
    do("elbv2.CreateLoadBalancer", {"Name": "front", "Subnets": ["$one", "$two"], "Scheme": "internal", "Tags": tags(a=AWKWARD)},
       keep={"lb": "LoadBalancers[0].LoadBalancerArn"}),
    look("elbv2.DescribeLoadBalancers"),
    do("elbv2.CreateTargetGroup", {"Name": "web", "Protocol": "HTTP", "Port": 8080, "VpcId": "$vpc", "Matcher": {"HttpCode": "200-299"},
                                   "HealthCheckEnabled": True, "HealthCheckPath": "/up?a=b&c=d", "TargetType": "ip"},
       keep={"web": "TargetGroups[0].TargetGroupArn"}),
    do("elbv2.RegisterTargets", {"TargetGroupArn": "$web", "Targets": [{"Id": "10.0.1.5", "Port": 80}, {"Id": "10.0.1.6"}]}),
    look("elbv2.DescribeTargetHealth", {"TargetGroupArn": "$web"}),
    do("elbv2.CreateListener", {"LoadBalancerArn": "$lb", "Protocol": "HTTP", "Port": 80, "DefaultActions": [{"Type": "forward", "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": "$web", "Weight": 1}], "TargetGroupStickinessConfig": {"Enabled": False}}}]},
       keep={"listener": "Listeners[0].ListenerArn"}),
    do("elbv2.CreateRule", {"ListenerArn": "$listener", "Priority": 10, "Conditions": [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a/*", "/<b>"]}}, {"Field": "host-header", "Values": ["x.example.org"]}],
        "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "<none> & gone"}}]}),
    look("elbv2.DescribeListeners", {"LoadBalancerArn": "$lb"}),
    look("elbv2.DescribeRules", {"ListenerArn": "$listener"}, random=["Rules[].RuleArn"]),
    look("elbv2.DescribeTargetGroups"),
    do("elbv2.ModifyLoadBalancerAttributes", {"LoadBalancerArn": "$lb", "Attributes": tags(**{"idle_timeout.timeout_seconds": "30"})}),
    look("elbv2.DescribeLoadBalancerAttributes", {"LoadBalancerArn": "$lb"}),
    look("elbv2.DescribeTargetGroupAttributes", {"TargetGroupArn": "$web"}),
    do("elbv2.AddTags", {"ResourceArns": ["$web"], "Tags": tags(c="")}),
    look("elbv2.DescribeTags", {"ResourceArns": ["$lb", "$web"]}),
    look("elbv2.DescribeSSLPolicies"),
    refused("elbv2.DescribeLoadBalancers", {"Names": ["none"]}),
    do("elbv2.DeleteListener", {"ListenerArn": "$listener"}),
]

STORIES["codecommit"] = [
    do("codecommit.CreateRepository", {"repositoryName": "code", "repositoryDescription": AWKWARD, "tags": {"a": "b"}}),
    look("codecommit.GetRepository", {"repositoryName": "code"}),
    refused("codecommit.CreateRepository", {"repositoryName": "code"}),
    do("codecommit.DeleteRepository", {"repositoryName": "code"}),
    refused("codecommit.GetRepository", {"repositoryName": "code"}),
]

STORIES["cloudwatch"] = [
    do("cloudwatch.PutMetricAlarm", {"AlarmName": "alarm", "Namespace": "App", "MetricName": "M", "Statistic": "Average", "Period": 60,
                                     "EvaluationPeriods": 2, "Threshold": 1e-3, "ComparisonOperator": "GreaterThanThreshold", "ActionsEnabled": False,
                                     "Dimensions": [{"Name": "d", "Value": AWKWARD.replace("日本 🙂 ", "").replace("é ", "")}], "AlarmDescription": AWKWARD}),
    look("cloudwatch.DescribeAlarms"),
    do("cloudwatch.PutMetricData", {"Namespace": "App", "MetricData": [
        {"MetricName": "M", "Timestamp": "2024-02-29T12:00:00Z", "Value": 0.1, "Unit": "Percent"},
        {"MetricName": "M", "Timestamp": "2024-02-29T12:01:00Z", "StatisticValues": {"SampleCount": 3, "Sum": 6, "Minimum": 1, "Maximum": 3.5}}]}),
    look("cloudwatch.ListMetrics"),
    look("cloudwatch.GetMetricStatistics", {"Namespace": "App", "MetricName": "M", "StartTime": "2024-02-29T11:00:00Z", "EndTime": "2024-02-29T13:00:00Z",
                                            "Period": 60, "Statistics": ["Average", "Sum"]}),
    look("cloudwatch.GetMetricData", {"StartTime": "2024-02-29T11:00:00Z", "EndTime": "2024-02-29T13:00:00Z", "MetricDataQueries": [
        {"Id": "m1", "ReturnData": True, "MetricStat": {"Metric": {"Namespace": "App", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}}]}),
    do("cloudwatch.PutDashboard", {"DashboardName": "board", "DashboardBody": "{\"widgets\": []}"}),
    look("cloudwatch.GetDashboard", {"DashboardName": "board"}),
    refused("cloudwatch.GetDashboard", {"DashboardName": "none"}),
]

STORIES["kinesis"] = [
    do("kinesis.CreateStream", {"StreamName": "stream", "ShardCount": 2, "StreamModeDetails": {"StreamMode": "PROVISIONED"}}),
    look("kinesis.DescribeStream", {"StreamName": "stream"}),
    look("kinesis.ListShards", {"StreamName": "stream"}),
    do("kinesis.PutRecord", {"StreamName": "stream", "PartitionKey": "k", "Data": File(ALL_BYTES, "--data=fileb://{}")}),
    do("kinesis.PutRecords", {"StreamName": "stream", "Records": [{"Data": AWKWARD, "PartitionKey": "k"}, {"Data": "", "PartitionKey": "k"}]}),
    do("kinesis.GetShardIterator", {"StreamName": "stream", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"},
       keep={"iterator": "ShardIterator"}),
    do("kinesis.AddTagsToStream", {"StreamName": "stream", "Tags": {"a": "b"}}),
    look("kinesis.ListTagsForStream", {"StreamName": "stream"}),
    refused("kinesis.DescribeStream", {"StreamName": "none"}),
]

STORIES["apigateway"] = [
    do("apigateway.CreateRestApi", {"name": "api", "description": AWKWARD, "tags": {"a": "b"}, "binaryMediaTypes": ["image/*"], "minimumCompressionSize": 100,
                                    "endpointConfiguration": {"types": ["REGIONAL"]}}, keep={"api": "id", "root": "rootResourceId"}),
    look("apigateway.GetRestApis"),
    do("apigateway.CreateResource", {"restApiId": "$api", "parentId": "$root", "pathPart": "{proxy+}"}, keep={"proxy": "id"}),
    do("apigateway.PutMethod", {"restApiId": "$api", "resourceId": "$proxy", "httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": False,
                                "requestParameters": {"method.request.path.proxy": True}}),
    look("apigateway.GetMethod", {"restApiId": "$api", "resourceId": "$proxy", "httpMethod": "GET"}),
    look("apigateway.GetResources", {"restApiId": "$api"}),
    do("apigateway.UpdateRestApi", {"restApiId": "$api", "patchOperations": [{"op": "replace", "path": "/name", "value": "other <&>"}]}),
    look("apigateway.GetRestApi", {"restApiId": "$api"}),
    refused("apigateway.GetRestApi", {"restApiId": "none"}),
]
