# Most of what a network and its machines can have, to see that Terraform gets along with all of it.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" { region = "us-east-1" }
data "aws_ami" "al" {
  most_recent = true
  owners      = ["amazon"]
  filter {
    name   = "name"
    values = ["al2023-ami-2023.*-x86_64"]
  }
}
resource "aws_vpc" "a" {
  cidr_block                       = "10.0.0.0/16"
  assign_generated_ipv6_cidr_block = true
  enable_dns_hostnames             = true
}
resource "aws_vpc" "b" { cidr_block = "10.1.0.0/16" }
resource "aws_subnet" "a1" {
  vpc_id            = aws_vpc.a.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "us-east-1a"
}
resource "aws_subnet" "a2" {
  vpc_id            = aws_vpc.a.id
  cidr_block        = "10.0.2.0/24"
  availability_zone = "us-east-1b"
}
resource "aws_subnet" "b1" {
  vpc_id            = aws_vpc.b.id
  cidr_block        = "10.1.1.0/24"
  availability_zone = "us-east-1a"
}
resource "aws_internet_gateway" "a" { vpc_id = aws_vpc.a.id }
resource "aws_eip" "nat" { domain = "vpc" }
resource "aws_nat_gateway" "n" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.a1.id
  depends_on    = [aws_internet_gateway.a]
}
resource "aws_egress_only_internet_gateway" "e" { vpc_id = aws_vpc.a.id }
resource "aws_ec2_managed_prefix_list" "p" {
  name           = "corp"
  address_family = "IPv4"
  max_entries    = 5
  entry {
    cidr        = "192.168.0.0/16"
    description = "x"
  }
}
resource "aws_vpc_peering_connection" "p" {
  vpc_id      = aws_vpc.a.id
  peer_vpc_id = aws_vpc.b.id
  auto_accept = true
}
resource "aws_route_table" "a" {
  vpc_id = aws_vpc.a.id
  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.n.id
  }
  route {
    ipv6_cidr_block        = "::/0"
    egress_only_gateway_id = aws_egress_only_internet_gateway.e.id
  }
  route {
    cidr_block                = "10.1.0.0/16"
    vpc_peering_connection_id = aws_vpc_peering_connection.p.id
  }
}
resource "aws_route_table_association" "a2" {
  subnet_id      = aws_subnet.a2.id
  route_table_id = aws_route_table.a.id
}
resource "aws_ec2_transit_gateway" "t" { description = "hub" }
resource "aws_ec2_transit_gateway_vpc_attachment" "a" {
  transit_gateway_id = aws_ec2_transit_gateway.t.id
  vpc_id             = aws_vpc.a.id
  subnet_ids         = [aws_subnet.a1.id, aws_subnet.a2.id]
}
resource "aws_ec2_transit_gateway_vpc_attachment" "b" {
  transit_gateway_id = aws_ec2_transit_gateway.t.id
  vpc_id             = aws_vpc.b.id
  subnet_ids         = [aws_subnet.b1.id]
}
resource "aws_ec2_transit_gateway_route_table" "t" { transit_gateway_id = aws_ec2_transit_gateway.t.id }
resource "aws_ec2_transit_gateway_route" "r" {
  destination_cidr_block         = "172.16.0.0/12"
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.b.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.t.id
}
resource "aws_security_group" "s" {
  vpc_id = aws_vpc.a.id
  name   = "s"
}
resource "aws_vpc_security_group_ingress_rule" "r" {
  security_group_id = aws_security_group.s.id
  prefix_list_id    = aws_ec2_managed_prefix_list.p.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.a.id
  service_name    = "com.amazonaws.us-east-1.s3"
  route_table_ids = [aws_route_table.a.id]
}
resource "aws_vpc_endpoint" "ec2" {
  vpc_id              = aws_vpc.a.id
  service_name        = "com.amazonaws.us-east-1.ec2"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [aws_subnet.a1.id]
  security_group_ids  = [aws_security_group.s.id]
  private_dns_enabled = true
}
resource "aws_placement_group" "g" {
  name     = "spread"
  strategy = "spread"
}
resource "aws_ec2_capacity_reservation" "c" {
  instance_type     = "m5.large"
  instance_platform = "Linux/UNIX"
  availability_zone = "us-east-1a"
  instance_count    = 2
}
resource "aws_ec2_host" "h" {
  instance_type     = "c5.large"
  availability_zone = "us-east-1a"
  host_recovery     = "on"
  auto_placement    = "on"
}
resource "aws_instance" "i" {
  ami                    = data.aws_ami.al.id
  instance_type          = "m5.large"
  subnet_id              = aws_subnet.a1.id
  placement_group        = aws_placement_group.g.name
  vpc_security_group_ids = [aws_security_group.s.id]
  hibernation            = true
  root_block_device {
    encrypted   = true
    volume_size = 30
  }
}
resource "aws_ebs_volume" "v" {
  availability_zone = "us-east-1a"
  size              = 4
}
resource "aws_ebs_snapshot" "s" { volume_id = aws_ebs_volume.v.id }
resource "aws_volume_attachment" "va" {
  device_name = "/dev/sdh"
  volume_id   = aws_ebs_volume.v.id
  instance_id = aws_instance.i.id
}
resource "aws_ec2_traffic_mirror_target" "t" { network_interface_id = aws_instance.i.primary_network_interface_id }
resource "aws_ec2_traffic_mirror_filter" "f" { network_services = ["amazon-dns"] }
resource "aws_ec2_traffic_mirror_filter_rule" "r" {
  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.f.id
  destination_cidr_block   = "10.0.0.0/8"
  source_cidr_block        = "10.0.0.0/8"
  rule_number              = 1
  rule_action              = "accept"
  traffic_direction        = "ingress"
}
resource "aws_cloudwatch_log_group" "g" { name = "flows" }
resource "aws_flow_log" "cw" {
  log_destination = aws_cloudwatch_log_group.g.arn
  iam_role_arn    = "arn:aws:iam::000000000000:role/flow"
  traffic_type    = "ALL"
  subnet_id       = aws_subnet.a1.id
}
resource "aws_ec2_traffic_mirror_session" "s" {
  traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.f.id
  traffic_mirror_target_id = aws_ec2_traffic_mirror_target.t.id
  network_interface_id     = aws_network_interface.n.id
  session_number           = 1
}
resource "aws_network_interface" "n" { subnet_id = aws_subnet.a1.id }
resource "aws_customer_gateway" "c" {
  bgp_asn    = 65000
  ip_address = "198.51.100.7"
  type       = "ipsec.1"
}
resource "aws_vpn_gateway" "v" { vpc_id = aws_vpc.b.id }
resource "aws_vpn_connection" "v" {
  vpn_gateway_id      = aws_vpn_gateway.v.id
  customer_gateway_id = aws_customer_gateway.c.id
  type                = "ipsec.1"
  static_routes_only  = true
}
resource "aws_vpn_connection_route" "r" {
  destination_cidr_block = "192.168.10.0/24"
  vpn_connection_id      = aws_vpn_connection.v.id
}
resource "aws_vpn_gateway_route_propagation" "p" {
  vpn_gateway_id = aws_vpn_gateway.v.id
  route_table_id = aws_vpc.b.main_route_table_id
}
resource "aws_ec2_network_insights_path" "p" {
  source      = aws_instance.i.primary_network_interface_id
  destination = aws_internet_gateway.a.id
  protocol    = "tcp"
}
resource "aws_vpc_block_public_access_exclusion" "x" {
  vpc_id                          = aws_vpc.b.id
  internet_gateway_exclusion_mode = "allow-egress"
}
resource "aws_vpc_endpoint_service" "s" {
  acceptance_required        = true
  network_load_balancer_arns = ["arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/x/50dc6c495c0c9188"]
}
resource "aws_flow_log" "s3" {
  log_destination      = "arn:aws:s3:::bucket"
  log_destination_type = "s3"
  traffic_type         = "ALL"
  vpc_id               = aws_vpc.a.id
}
