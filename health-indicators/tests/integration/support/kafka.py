"""A Kafka cluster for tests: that of librdkafka, told what to do line by line.

Prints the addresses of its brokers, then "ok" for each line that it was told:
`topic NAME PARTITIONS`, `leader NAME PARTITION BROKER` (-1 for none), `error NAME CODE` (0 for none).
"""
import ctypes
import sys

try:
    library = ctypes.CDLL("librdkafka.so.1")
except OSError:
    print("SKIPPED", flush=True)
    sys.exit()

library.rd_kafka_conf_new.restype = ctypes.c_void_p
library.rd_kafka_new.restype = ctypes.c_void_p
library.rd_kafka_new.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
library.rd_kafka_mock_cluster_new.argtypes = [ctypes.c_void_p, ctypes.c_int]
library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
library.rd_kafka_mock_cluster_bootstraps.argtypes = [ctypes.c_void_p]
library.rd_kafka_mock_topic_create.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
library.rd_kafka_mock_partition_set_leader.argtypes = [
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_int32,
    ctypes.c_int32,
]
library.rd_kafka_mock_topic_set_error.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]

why = ctypes.create_string_buffer(512)
client = library.rd_kafka_new(0, library.rd_kafka_conf_new(), why, len(why))
cluster = library.rd_kafka_mock_cluster_new(client, int(sys.argv[1]))
print(library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)

for line in sys.stdin:
    what, name, *numbers = line.split()
    name, numbers = name.encode(), [int(number) for number in numbers]
    if what == "topic":
        library.rd_kafka_mock_topic_create(cluster, name, numbers[0], 1)
    elif what == "leader":
        library.rd_kafka_mock_partition_set_leader(cluster, name, *numbers)
    elif what == "error":
        library.rd_kafka_mock_topic_set_error(cluster, name, numbers[0])
    print("ok", flush=True)
