/* topics.c - trainyard topics: makes the topics that are missing. */
#include "api/cli/command.h"
#include "infra/kafka/topics.h"

#include <stdio.h>
#include <stdlib.h>

int command_topics(const struct config *config, int count, char **arguments)
{
    const struct kafka_settings settings = {config->kafka_brokers, config->topic_prefix};
    struct error err = {0};
    size_t topics_count;

    if (!command_no_options(count, arguments, &err) ||
        !topics_create(&settings, config->topic_replication, &err))
        return command_fail(&err);
    topics_all(&topics_count);
    fprintf(stderr, "%zu topics are there\n", topics_count);
    return EXIT_SUCCESS;
}
