/*
 * version.h - the engine's version: raised whenever an equal build would give other bytes.
 */
#ifndef TRAINYARD_ENGINE_TRAIN_VERSION_H
#define TRAINYARD_ENGINE_TRAIN_VERSION_H

#define ENGINE_VERSION "1.0.0"

#endif
