/* Queries on several threads while another one changes policies and publishes: no query waits for the changes.
 *
 *     threads GRAPH PAYER PAYEE THREADS QUERIES 0|1
 *
 * Prints how many queries a second all threads together were answered, and how many a second of processor time: where
 * threads do not hinder one another, the latter is the same for any number of them. */
#define _POSIX_C_SOURCE 200809L
#include <fulgurite.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS_MAX = 64 };

typedef struct work {
    const fg_graph *graph;
    fg_query query;
    long query_count;
    long answered;
    long failed;
    double processor_time;
} work;

typedef struct churn {
    const fg_graph *graph;
    long update_count;
    long failed;
} churn;

static pthread_mutex_t ended_lock = PTHREAD_MUTEX_INITIALIZER;
static int ended = 0;

static int has_ended(void) {
    int value;
    pthread_mutex_lock(&ended_lock);
    value = ended;
    pthread_mutex_unlock(&ended_lock);
    return value;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void *ask(void *argument) {
    work *own = argument;
    long at;
    double began = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (at = 0; at < own->query_count; at++) {
        fg_route *route;
        fg_status status = fg_find_route(own->graph, &own->query, &route, NULL);
        if (status == FG_OK) own->answered++;
        else if (status != FG_NO_ROUTE && status != FG_CONTENDED) own->failed++;
        if (fg_route_free(route) != FG_OK) own->failed++;
    }
    own->processor_time = seconds(CLOCK_THREAD_CPUTIME_ID) - began;
    return NULL;
}

/* Doubles the base fees of one channel after the other and halves them again. */
static void *change(void *argument) {
    churn *own = argument;
    fg_view *view;
    size_t count, at = 0;
    if (fg_graph_view(own->graph, &view, NULL) != FG_OK) return NULL;
    count = fg_view_channel_count(view);
    while (count > 0 && !has_ended()) {
        fg_channel channel;
        fg_policy policy;
        if (fg_view_channel(view, at, &channel, NULL) != FG_OK) own->failed++;
        if (fg_view_policy(view, at, 0, &policy, NULL) == FG_OK) {
            uint32_t before = policy.fee_base_msat;
            policy.fee_base_msat = before * 2;
            if (fg_graph_set_policy(own->graph, channel.short_channel_id, 0, &policy, NULL) != FG_OK) own->failed++;
            policy.fee_base_msat = before;
            if (fg_graph_set_policy(own->graph, channel.short_channel_id, 0, &policy, NULL) != FG_OK) own->failed++;
            own->update_count += 2;
        }
        at = (at + 1) % count;
        if (at % 64 == 0) {
            struct timespec rest = {0, 1000000};
            fg_graph_publish(own->graph, NULL, NULL);
            nanosleep(&rest, NULL);
        }
    }
    fg_view_free(view);
    return NULL;
}

int main(int argc, char **argv) {
    static work works[THREADS_MAX];
    pthread_t threads[THREADS_MAX], changing;
    churn churns = {NULL, 0, 0};
    fg_graph *graph;
    fg_error error;
    long thread_count, asked, answered = 0, failed = 0, at;
    double began, took, processor_time = 0;
    if (argc != 7) {
        fprintf(stderr, "usage: threads GRAPH PAYER PAYEE THREADS QUERIES 0|1 (whether policies change meanwhile)\n");
        return 2;
    }
    thread_count = atol(argv[4]);
    if (thread_count < 1 || thread_count > THREADS_MAX) return 2;
    if (fg_graph_load(argv[1], &graph, &error) != FG_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (at = 0; at < thread_count; at++) {
        work *own = &works[at];
        own->graph = graph;
        own->query_count = atol(argv[5]);
        if (fg_query_init_hex(&own->query, sizeof own->query, argv[2], argv[3], 1000000, &error) != FG_OK) return 1;
    }
    churns.graph = graph;
    if (argv[6][0] == '1' && pthread_create(&changing, NULL, change, &churns) != 0) return 1;
    began = seconds(CLOCK_MONOTONIC);
    for (at = 0; at < thread_count; at++) {
        if (pthread_create(&threads[at], NULL, ask, &works[at]) != 0) return 1;
    }
    for (at = 0; at < thread_count; at++) {
        pthread_join(threads[at], NULL);
        answered += works[at].answered;
        failed += works[at].failed;
        processor_time += works[at].processor_time;
    }
    took = seconds(CLOCK_MONOTONIC) - began;
    pthread_mutex_lock(&ended_lock);
    ended = 1;
    pthread_mutex_unlock(&ended_lock);
    if (argv[6][0] == '1') pthread_join(changing, NULL);
    asked = thread_count * works[0].query_count;
    printf("%ld routes of %ld queries on %ld threads, %.0f queries a second, %.0f a second of processor time, "
           "%ld updates meanwhile\n", answered, asked, thread_count, (double)asked / took,
           (double)asked / processor_time, churns.update_count);
    return fg_graph_free(graph) == FG_OK && failed == 0 && churns.failed == 0 ? 0 : 1;
}
