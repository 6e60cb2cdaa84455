/* Many cheap RTSP cameras in one process: one clip, laid into RTP packets once and sent over and over.
 *
 * Usage: cameras CLIP COUNT. As cameras.py, for numbers of cameras that would leave gst-rtsp-server no core to spare:
 * CLIP is an H.264 byte stream with access unit delimiters, at 25 pictures a second; it is sent in an endless loop, with
 * sequence numbers and timestamps that run on, at /camera/0 to /camera/COUNT-1, over TCP only, with a sender report
 * every five seconds. The cameras take their pictures one after another. Prints ``ready PORT`` once it listens. One
 * viewer a camera; a viewer that does not keep up for BEHIND_BYTES is left.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PER_SECOND = 25, STEP = 90000 / PER_SECOND, PAYLOAD_BYTES = 1388, REPORT_EVERY = 5 * PER_SECOND };
enum { FRAME_BYTES = 4, RTP_BYTES = 12, BEHIND_BYTES = 4 << 20, REQUEST_BYTES = 4096, REPORT_BYTES = 32 };

struct picture {
    unsigned char *frames; /* as they go into the connection; sequence, time and source are filled in when sent */
    size_t size, packets;
};

struct viewer {
    int socket, camera, playing;
    char request[REQUEST_BYTES + 1];
    size_t asked;
    unsigned char *unsent;
    size_t waiting;
    uint16_t sequence;
    uint32_t sent, turns, octets;
};

static struct picture *pictures;
static size_t picture_count;

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static void put16(unsigned char *at, uint16_t number) {
    at[0] = number >> 8, at[1] = number;
}

static void put32(unsigned char *at, uint32_t number) {
    put16(at, number >> 16), put16(at + 2, number);
}

/* One more packet of a picture: its payload is a head of up to two bytes, then the unit's. */
static void add_packet(struct picture *picture, const unsigned char *head, size_t head_size, const unsigned char *bytes,
                       size_t size, int last) {
    size_t packet = RTP_BYTES + head_size + size;
    picture->frames = realloc(picture->frames, picture->size + FRAME_BYTES + packet);
    unsigned char *at = picture->frames + picture->size;
    memset(at, 0, FRAME_BYTES + RTP_BYTES);
    at[0] = '$', at[4] = 0x80, at[5] = 96 | (last ? 0x80 : 0);
    put16(at + 2, packet);
    memcpy(at + FRAME_BYTES + RTP_BYTES, head, head_size);
    memcpy(at + FRAME_BYTES + RTP_BYTES + head_size, bytes, size);
    picture->size += FRAME_BYTES + packet;
    picture->packets++;
}

/* A NAL unit as one packet, or as fragments (RFC 6184, FU-A). */
static void add_unit(struct picture *picture, const unsigned char *unit, size_t size, int last) {
    if (size <= PAYLOAD_BYTES) {
        add_packet(picture, unit, 0, unit, size, last);
        return;
    }
    for (size_t at = 1; at < size;) {
        size_t part = size - at < PAYLOAD_BYTES - 2 ? size - at : PAYLOAD_BYTES - 2;
        int ends = at + part == size;
        unsigned char head[2] = {(unit[0] & 0x60) | 28, (at == 1 ? 0x80 : 0) | (ends ? 0x40 : 0) | (unit[0] & 0x1f)};
        add_packet(picture, head, 2, unit + at, part, ends && last);
        at += part;
    }
}

/* Where the next start code is, or the end. */
static const unsigned char *next_code(const unsigned char *at, const unsigned char *end) {
    const unsigned char *found = memmem(at, end - at, "\0\0\1", 3);
    return found ? found : end;
}

static void load(const char *path) {
    struct stat about;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &about)) give_up(path);
    unsigned char *bytes = malloc(about.st_size);
    for (off_t have = 0; have < about.st_size;) {
        ssize_t got = read(file, bytes + have, about.st_size - have);
        if (got <= 0) give_up(path);
        have += got;
    }
    const unsigned char *end = bytes + about.st_size, *at = next_code(bytes, end);
    while (at < end) {
        const unsigned char *unit = at + 3, *next = next_code(unit, end), *stop = next;
        while (stop > unit && stop[-1] == 0) stop--;
        if (stop > unit && (unit[0] & 0x1f) == 9) { /* a delimiter: the next picture begins */
            pictures = realloc(pictures, (picture_count + 1) * sizeof *pictures);
            pictures[picture_count++] = (struct picture){0};
        } else if (stop > unit && picture_count) {
            const unsigned char *after = next < end ? next + 3 : end;
            int last = after >= end || (after[0] & 0x1f) == 9;
            add_unit(&pictures[picture_count - 1], unit, stop - unit, last);
        }
        at = next;
    }
    close(file);
    free(bytes);
    if (!picture_count) give_up("no pictures");
}

static void leave(struct viewer *viewer) {
    if (viewer->socket >= 0) close(viewer->socket);
    free(viewer->unsent);
    *viewer = (struct viewer){.socket = -1};
}

static void send_bytes(struct viewer *viewer, const unsigned char *bytes, size_t size) {
    ssize_t taken = viewer->waiting ? 0 : send(viewer->socket, bytes, size, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN) {
        leave(viewer);
        return;
    }
    size_t rest = size - (taken > 0 ? taken : 0);
    if (!rest) return;
    if (viewer->waiting + rest > BEHIND_BYTES) {
        leave(viewer);
        return;
    }
    viewer->unsent = realloc(viewer->unsent, viewer->waiting + rest);
    memcpy(viewer->unsent + viewer->waiting, bytes + size - rest, rest);
    viewer->waiting += rest;
}

static void send_waiting(struct viewer *viewer) {
    ssize_t taken = send(viewer->socket, viewer->unsent, viewer->waiting, MSG_NOSIGNAL);
    if (taken <= 0) return;
    viewer->waiting -= taken;
    memmove(viewer->unsent, viewer->unsent + taken, viewer->waiting);
}

static void send_report(struct viewer *viewer, uint32_t timestamp) {
    unsigned char report[REPORT_BYTES] = {'$', 1, 0, 28, 0x80, 200, 0, 6};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    put32(report + 8, viewer->camera + 1);
    put32(report + 12, (uint32_t)now.tv_sec + 2208988800u);
    put32(report + 16, (uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000u));
    put32(report + 20, timestamp);
    put32(report + 24, viewer->sent);
    put32(report + 28, viewer->octets);
    send_bytes(viewer, report, sizeof report);
}

static void send_picture(struct viewer *viewer, size_t phase) {
    const struct picture *picture = &pictures[(phase + viewer->turns) % picture_count];
    uint32_t timestamp = 0x12345678u + viewer->turns * STEP;
    unsigned char *at = picture->frames;
    for (size_t number = 0; number < picture->packets; number++) {
        put16(at + 6, ++viewer->sequence);
        put32(at + 8, timestamp);
        put32(at + 12, viewer->camera + 1);
        at += FRAME_BYTES + (at[2] << 8 | at[3]);
    }
    if (viewer->turns++ % REPORT_EVERY == 0) send_report(viewer, timestamp);
    viewer->sent += picture->packets;
    viewer->octets += picture->size;
    if (viewer->socket >= 0) send_bytes(viewer, picture->frames, picture->size);
}

static void answer(struct viewer *viewer, const char *head) {
    char text[1024], number[16] = "0", *found = strcasestr(head, "CSeq:");
    const char *more = "", *body = "";
    if (found) sscanf(found + 5, " %15[0-9]", number);
    if (!strncmp(head, "OPTIONS", 7)) more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n";
    if (!strncmp(head, "SETUP", 5)) more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=60\r\n";
    if (!strncmp(head, "PLAY", 4)) more = "Session: 1\r\n";
    if (!strncmp(head, "DESCRIBE", 8)) {
        body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
               "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:stream=0\r\n";
        more = "Content-Type: application/sdp\r\n";
        found = strstr(head, "/camera/");
        viewer->camera = found ? atoi(found + 8) : 0;
    }
    int size = snprintf(text, sizeof text, "RTSP/1.0 200 OK\r\nCSeq: %s\r\n%sContent-Length: %zu\r\n\r\n%s", number, more,
                        strlen(body), body);
    send_bytes(viewer, (unsigned char *)text, size);
    if (!strncmp(head, "PLAY", 4)) viewer->playing = 1;
    if (!strncmp(head, "TEARDOWN", 8)) leave(viewer);
}

/* Requests, and reports in frames, which are passed over. */
static void hear(struct viewer *viewer) {
    ssize_t got = read(viewer->socket, viewer->request + viewer->asked, REQUEST_BYTES - viewer->asked);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        leave(viewer);
        return;
    }
    viewer->asked += got;
    while (viewer->socket >= 0 && viewer->asked) {
        unsigned char *begin = (unsigned char *)viewer->request;
        size_t used = 0;
        if (begin[0] == '$') {
            if (viewer->asked >= 4) used = 4 + (begin[2] << 8 | begin[3]);
            if (!used || used > viewer->asked) return;
        } else {
            viewer->request[viewer->asked] = 0;
            char *end = strstr(viewer->request, "\r\n\r\n");
            if (!end) return;
            used = end + 4 - viewer->request;
            answer(viewer, viewer->request);
            if (viewer->socket < 0) return;
        }
        viewer->asked -= used;
        memmove(viewer->request, viewer->request + used, viewer->asked);
    }
}

static int listening(void) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(door, (struct sockaddr *)&here, size) || listen(door, 256)) give_up("listen");
    getsockname(door, (struct sockaddr *)&here, &size);
    printf("ready %d\n", ntohs(here.sin_port));
    fflush(stdout);
    return door;
}

static void admit(int door, struct viewer *viewers, int count) {
    int one = 1, socket = accept4(door, NULL, NULL, SOCK_NONBLOCK);
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (int i = 0; i < count; i++)
        if (viewers[i].socket < 0) {
            viewers[i].socket = socket;
            return;
        }
    close(socket);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int main(int words, char **word) {
    if (words != 3) return 2;
    int count = atoi(word[2]), places = 2 * count; /* some viewers come while others still leave */
    load(word[1]);
    signal(SIGPIPE, SIG_IGN);
    struct viewer *viewers = calloc(places, sizeof *viewers);
    struct pollfd *polled = calloc(places + 1, sizeof *polled);
    for (int i = 0; i < places; i++) viewers[i].socket = -1;
    int door = listening();
    int64_t begun = now_ns(), step = 1000000000ll / PER_SECOND / count;
    for (int64_t turn = 0;; turn++) {
        for (int64_t left; (left = begun + turn * step - now_ns()) > 0;) {
            polled[places] = (struct pollfd){.fd = door, .events = POLLIN};
            for (int i = 0; i < places; i++)
                polled[i] = (struct pollfd){viewers[i].socket, POLLIN | (viewers[i].waiting ? POLLOUT : 0), 0};
            struct timespec pause = {0, left};
            if (ppoll(polled, places + 1, &pause, NULL) <= 0) continue;
            for (int i = 0; i < places; i++) {
                if (polled[i].revents & POLLOUT) send_waiting(&viewers[i]);
                if (polled[i].revents & ~POLLOUT) hear(&viewers[i]);
            }
            if (polled[places].revents) admit(door, viewers, places);
        }
        for (int i = 0; i < places; i++)
            if (viewers[i].playing && viewers[i].camera == turn % count)
                send_picture(&viewers[i], turn % count * picture_count / count);
    }
}
