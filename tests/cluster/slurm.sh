#!/bin/bash
# Slurm on this machine, a controller and two nodes of one core each; for root.
#
#   slurm.sh start DIR     writes everything below DIR; then: export SLURM_CONF=DIR/slurm.conf
#   slurm.sh restart DIR   kills the controller and starts it again
#   slurm.sh stop DIR      ends the jobs, and what was started
#
# Debian and Ubuntu: apt-get install slurm-wlm munge
set -eu
DIR=$(realpath -m "$2")
export SLURM_CONF="$DIR/slurm.conf"

configuration() {
    cat <<END
ClusterName=semg
SlurmctldHost=$(hostname -s)
SlurmUser=root
SlurmctldPort=26817
AuthType=auth/munge
AuthInfo=socket=$DIR/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=2
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/%n
SlurmctldPidFile=$DIR/controller.pid
SlurmdPidFile=$DIR/%n.pid
SlurmctldLogFile=$DIR/controller.log
SlurmdLogFile=$DIR/%n.log
NodeName=node1 NodeHostname=$(hostname -s) Port=26818 CPUs=1 RealMemory=3000
NodeName=node2 NodeHostname=$(hostname -s) Port=26819 CPUs=1 RealMemory=3000
PartitionName=short Nodes=node1,node2 Default=YES MaxTime=30 State=UP
END
}

end() { # a daemon, by the file that holds its number
    local pid
    pid=$(cat "$DIR/$1.pid" 2>/dev/null) || return 0
    kill "${2:--TERM}" "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

case "$1" in
start)
    mkdir -p "$DIR"/{state,node1,node2}
    chmod 755 "$DIR"
    configuration >"$DIR/slurm.conf"
    head --bytes 1024 /dev/urandom >"$DIR/munge.key"
    chmod 400 "$DIR/munge.key"
    munged --force --socket="$DIR/munge.socket" --key-file="$DIR/munge.key" \
        --pid-file="$DIR/munge.pid" --log-file="$DIR/munge.log" --seed-file="$DIR/munge.seed"
    slurmctld
    slurmd -N node1
    slurmd -N node2
    for _ in $(seq 100); do
        [ "$(sinfo --noheader --states=idle --format=%D 2>/dev/null)" != 2 ] || exit 0
        sleep 0.2
    done
    echo "the nodes are not idle after 20 s; see $DIR/controller.log" >&2
    exit 1
    ;;
restart)
    end controller -KILL
    sleep "${3:-0}" # so long there is none
    slurmctld
    ;;
stop)
    scancel --user=root 2>/dev/null && sleep 3 || true
    for name in node1 node2 controller munge; do end "$name"; done
    ;;
*)
    echo "usage: $0 start|restart|stop DIR" >&2
    exit 2
    ;;
esac
