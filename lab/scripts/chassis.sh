#!/bin/sh
# ipmi_sim's chassis control of one node: asks the lab, which alone knows how to pull a plug.
#   chassis.sh SOCKET NODE get|set PARAMETER [VALUE]...
socket=$1 node=$2
shift 2
exec curl -s --max-time 8 --unix-socket "$socket" --data-raw "$*" "http://lab/chassis/$node"
