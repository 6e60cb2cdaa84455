/* The least that recording over RTSP can cost: receive what N cameras interleave in TCP and write it to disk as it is.
 *
 * Usage: floor FOLDER URL... (rtsp://a.b.c.d:port/path, no login). It knows just enough RTSP to make a camera send, and
 * nothing of RTP or video: no clock, no loss, no pictures, no sync. Runs until it is killed.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { KEEP_ALIVE_S = 20, BUFFER_BYTES = 65536 };

struct camera {
    int socket, file, number;
    char url[256], session[128];
};

static char buffer[BUFFER_BYTES];

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static void tell(struct camera *camera, const char *method, const char *url, const char *more) {
    char text[1024];
    int size = snprintf(text, sizeof text, "%s %s RTSP/1.0\r\nCSeq: %d\r\n%s%s\r\n", method, url, ++camera->number,
                        camera->session, more);
    if (write(camera->socket, text, size) != size) give_up("write");
}

/* The answer's headers and body, as a string in buffer. Only asked before PLAY, when nothing else arrives. */
static void hear(struct camera *camera) {
    size_t have = 0;
    for (;;) {
        ssize_t got = read(camera->socket, buffer + have, sizeof buffer - 1 - have);
        if (got <= 0) give_up("read");
        have += got;
        buffer[have] = 0;
        char *end = strstr(buffer, "\r\n\r\n");
        if (!end) continue;
        char *length = strcasestr(buffer, "Content-Length:");
        size_t body = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
        if (have >= (size_t)(end + 4 - buffer) + body) break;
    }
    if (strncmp(buffer, "RTSP/1.0 200", 12)) {
        fprintf(stderr, "refused: %.60s\n", buffer);
        exit(1);
    }
}

static void play(struct camera *camera) {
    char track[512], control[128] = "";
    tell(camera, "DESCRIBE", camera->url, "Accept: application/sdp\r\n");
    hear(camera);
    char *video = strstr(buffer, "m=video");
    char *found = video ? strstr(video, "a=control:") : NULL;
    if (!found || sscanf(found, "a=control:%127s", control) != 1) give_up("no video track");
    if (strncmp(control, "rtsp://", 7) == 0) snprintf(track, sizeof track, "%s", control);
    else snprintf(track, sizeof track, "%s/%s", camera->url, control);
    tell(camera, "SETUP", track, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
    hear(camera);
    char session[100] = "";
    found = strcasestr(buffer, "Session:");
    if (found && sscanf(found + 8, " %99[^;\r\n]", session) == 1)
        snprintf(camera->session, sizeof camera->session, "Session: %s\r\n", session);
    tell(camera, "PLAY", camera->url, "Range: npt=0.000-\r\n");
}

static void dial(struct camera *camera) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64];
    int port;
    if (sscanf(camera->url, "rtsp://%63[^:]:%d/", host, &port) != 2 || !inet_aton(host, &to.sin_addr)) give_up("url");
    to.sin_port = htons(port);
    camera->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(camera->socket, (struct sockaddr *)&to, sizeof to)) give_up("connect");
}

int main(int count, char **words) {
    if (count < 3) return 2;
    int cameras = count - 2, poll = epoll_create1(0);
    struct camera *all = calloc(cameras, sizeof *all);
    for (int i = 0; i < cameras; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%d.rtp", words[1], i);
        snprintf(all[i].url, sizeof all[i].url, "%s", words[i + 2]);
        all[i].file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (all[i].file < 0) give_up(path);
        dial(&all[i]);
        play(&all[i]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, all[i].socket, &event)) give_up("epoll_ctl");
    }
    time_t asked = time(NULL);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, 1000);
        for (int i = 0; i < ready; i++) {
            struct camera *camera = events[i].data.ptr;
            ssize_t got = read(camera->socket, buffer, sizeof buffer);
            if (got <= 0) give_up("camera lost");
            if (write(camera->file, buffer, got) != got) give_up("write");
        }
        if (time(NULL) - asked >= KEEP_ALIVE_S) {
            asked = time(NULL);
            for (int i = 0; i < cameras; i++) tell(&all[i], "OPTIONS", all[i].url, "");
        }
    }
}
