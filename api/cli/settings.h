/*
 * settings.h - where Trainyard is, for its clients.
 */
#ifndef TRAINYARD_API_CLI_SETTINGS_H
#define TRAINYARD_API_CLI_SETTINGS_H

/*
 * Where TRAINYARD_URL is not set, takes it and TRAINYARD_API_KEY from what scripts/up noted:
 * $TRAINYARD_HOME/env, or .trainyard/env of the working folder. A noted key never goes to another
 * server than the noted one.
 */
void settings_find(void);

#endif
