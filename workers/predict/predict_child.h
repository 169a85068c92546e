/*
 * predict_child.h - the child that opens users' tables and predicts for their rows.
 */
#ifndef TRAINYARD_WORKERS_PREDICT_PREDICT_CHILD_H
#define TRAINYARD_WORKERS_PREDICT_PREDICT_CHILD_H

/* The main function of "trainyard-worker child predict"; its task comes on stdin. */
int predict_child_main(void);

#endif
