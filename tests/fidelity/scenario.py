"""Turns the fields that all cases share into a scenario: servers, links, clients.

Every case gets the same profile: nothing about hosts, processes, cpu or disk is said here."""

import re

import case_file

NEAR_MS = 20  # Less does not decide an election.
SERVING_S, WAYS = 1.5, 20  # Until all serve: boots, and so many delays of the longest link.
RELEASE = '3.8.0'
PROFILE = 'scenarios/profiles/debian-zk-3.8.json'
# Golden ratio: successive multiples, modulo one, spread evenly whatever their number.
SPREAD = 0.6180339887498949


def ms(value):
    """Milliseconds as the scenario language writes them."""
    return f'{round(value * 1_000_000)}ns'


def voters_of(case):
    return [i for i in range(1, case['servers'] + 1) if i not in case.get('observers', [])]


def is_relayed(case):
    """All links between servers went through the relay, except in the cpu-bound series: there
    servers without any delay talked directly."""
    return case['kind'] != 'latency' or longest_s(case) > 0


def _links(case):
    jitter = case.get('jitter_ms', 0)
    hops = 1 if is_relayed(case) else 0
    for i, row in enumerate(case['delays_ms'], 1):
        for j, delay in enumerate(row, 1):
            if i == j:
                continue
            link = {'from': i, 'to': j, 'both_ways': False, 'hops': hops}
            if is_relayed(case):
                link['delay'] = ms(delay) if not jitter else \
                    {'uniform': {'min': ms(delay), 'max': ms(delay + jitter)}}
            yield link


def _client_links(case):
    """A client sits beside its server, on the loopback, unless it has a delay of its own."""
    delay = case.get('client_delay_ms', 0)
    if delay:
        for server in range(1, case['servers'] + 1):
            yield {'from': server, 'to': 'load', 'delay': ms(delay), 'hops': 1}


def longest_s(case):
    return (max(map(max, case['delays_ms'])) + case.get('jitter_ms', 0)) / 1000


def serving_s(case):
    """By then all servers of a case with a leader serve. What is written sooner could be on its way
    to a server that still synchronizes, and 3.8.0 may stall then (ZOOKEEPER-4685)."""
    return SERVING_S + WAYS * longest_s(case)


def _levelled(case, leader):
    """Others that are nearer to each other than to the leader would elect one of themselves before
    they have heard of it: until that is over, they are as far."""
    delays = case['delays_ms']
    others = [v for v in voters_of(case) if v != leader]
    far = min((delays[v - 1][leader - 1] for v in others), default=0)
    for i in others:
        for j in others:
            if delays[i - 1][j - 1] < far - NEAR_MS and i != j:
                yield {'at': '0s', 'lasting': ms(1000 + 2000 * longest_s(case)),
                       'delay': {'from': i, 'to': j, 'one_way': True,
                                 'extra': ms(far - delays[i - 1][j - 1])}}


def of(case, name, *, leader=None, duration_s, warm_up_s=0):
    """A scenario without clients. `leader`: it wins the first election, because it has the greatest
    id, or its currentEpoch is ahead; histories are equal and empty."""
    config, settings = case['config'], properties(case)
    force_sync = settings.pop('force_sync', bool(config.get('forceSync', False)))
    servers = range(1, case['servers'] + 1)
    ensemble = {'voters': voters_of(case), 'observers': case.get('observers', []),
                'tick_time': ms(config['tickTime']),
                'init_limit': config.get('initLimit', 10),
                'sync_limit': config.get('syncLimit', 5), **settings}
    hosts = {'named': {**{f's{i}': {'cores_of': 'machine'} for i in servers},
                       'load': {'cores_of': 'machine'}},
             'servers': {str(i): f's{i}' for i in servers}}
    scenario = {'name': name, 'why': f'What does the simulator make of the case {name}?',
                'duration': ms(duration_s * 1000),
                'warm_up': ms(warm_up_s * 1000), 'ensemble': ensemble, 'hosts': hosts,
                'network': {'links': [*_links(case), *_client_links(case)]},
                'disk': {'force_sync': force_sync},
                'clients': [], 'faults': []}
    if leader is not None and leader != max(voters_of(case)):
        scenario['start'] = {'servers': {str(leader): {'accepted_epoch': 1, 'current_epoch': 1}}}
    if leader is not None:
        scenario['faults'] = list(_levelled(case, leader))
    return scenario


def _duration(text):
    return ms(float(text))


def _flag(text):
    return text.lower() in ('yes', 'true', '1')


def _percent(text):
    """Zero means any to zabsim, and a small factor is not that."""
    return max(1, round(100 * float(text))) if float(text) > 0 else 0


# What a server's configuration may say besides, by its property's name: the key of `ensemble`, and
# how to read the value. None: nothing here depends on it.
PROPERTIES = {
    'snapCount': ('snapshot_count', int), 'commitLogCount': ('commit_log_count', int),
    'snapSizeLimitInKb': ('snapshot_size_limit', lambda text: f'{text}KiB'),
    'snapshotSizeFactor': ('snapshot_size_percent', _percent),
    'preAllocSize': ('preallocation', lambda text: f'{text}KiB'),
    'forceSnapshotSync': ('force_snapshot_sync', _flag),
    'globalOutstandingLimit': ('global_outstanding_limit', int),
    'leaderServes': ('leader_serves', _flag), 'tickTime': ('tick_time', _duration),
    'initLimit': ('init_limit', int), 'syncLimit': ('sync_limit', int),
    'fastleader.minNotificationInterval': ('min_notification_interval', _duration),
    'fastleader.maxNotificationInterval': ('max_notification_interval', _duration),
    'leaderConnectDelayDuringRetryMs': ('learner_connect_retry', _duration),
    'maxBatchSize': ('max_batch_size', int),
    'cnxTimeout': ('election_connection_timeout', _duration),
    'flushDelay': ('flush_delay', _duration),
    'commitProcessor.maxReadBatchSize': ('max_read_batch_size', int),
    'commitProcessor.maxCommitBatchSize': ('max_commit_batch_size', int),
    'observer.election.DelayMs': ('observer_election_delay', _duration),
    'request_throttle_max_requests': ('throttle_max_requests', int),
    'minSessionTimeout': ('min_session_ticks', float),  # Milliseconds, as tickTime is.
    'maxSessionTimeout': ('max_session_ticks', float),
    'forceSync': ('force_sync', _flag),
    'standaloneEnabled': None, 'reconfigEnabled': None, 'maxClientCnxns': None,
    'jute.maxbuffer': None, '4lw.commands.whitelist': None, 'admin.enableServer': None,
}


# What `config` may say by a name of its own; it has its own keys for those left out.
SETTINGS = PROPERTIES.keys() - case_file.CONFIG


def _in_ticks(case, key, timeout):
    ticks = timeout / case['config']['tickTime']
    if ticks != round(ticks):
        raise case_file.CaseError(f'{case["id"]}.config: {key} is no multiple of tickTime')
    return round(ticks)


def properties(case):
    """What `config.props` sets, as keys of `ensemble`: "-Dzookeeper.snapCount=400" and the like;
    also a key of `config` with such a name."""
    found = {}
    named = [f'{key}={case["config"][key]}' for key in case['config'] if key in SETTINGS]
    for text in [*named, *(case['config'].get('props') or [])]:
        match = re.fullmatch(r'(?:-D)?(?:zookeeper\.)?([\w.]+)\s*[=:]\s*(\S+)', str(text))
        if not match or match[1] not in PROPERTIES:
            raise case_file.CaseError(f'{case["id"]}.config.props: {text!r} is not known')
        if PROPERTIES[match[1]] is not None:
            key, read = PROPERTIES[match[1]]
            try:
                value = read(match[2])
            except ValueError as error:
                raise case_file.CaseError(f'{case["id"]}.config: {text!r}: {error}') from error
            found[key] = _in_ticks(case, match[1], value) if key.endswith('_ticks') else value
    return found


def closed(outstanding, think_ms=0):
    return {'closed': {'outstanding': outstanding, 'think_time': ms(think_ms)}}


def warm_up(case, begin_s, end_s):
    """What warms the ensemble up before it is measured, with some thousand operations."""
    servers = range(1, case['servers'] + 1)
    return client('warm-up', list(servers), count=case['servers'], load=closed(60),
                  start=ms(begin_s * 1000), operations={'set': 1, 'get': 1},
                  leave={'at': ms(end_s * 1000), 'how': 'close_session'})


def client(name, servers, **more):
    """A client that, like the measuring ones, redials at once."""
    return {'name': name, 'host': 'load', 'placement': {'servers': servers},
            'reconnect': {'pause': '5ms'}, 'payload': '100B',
            'paths': {'uniform': {'count': 1}}, **more}
