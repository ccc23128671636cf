package nailguntest

// release is one as the server's fixtures have it (fixtures/openstack.yaml).
func release(id int, name, version, system string, repositories []any) Object {
	return clone(Object{
		"id": id, "name": name, "version": version, "operating_system": system, "state": "available",
		"description":              "This option will install the OpenStack packages using " + system + " as a base.",
		"can_update_from_versions": []any{}, "wizard_metadata": Object{}, "deployment_tasks": []any{},
		"attributes_metadata": Object{
			"editable": Object{
				"common": Object{
					"metadata": Object{"label": "Common", "weight": 10, "group": "general"},
					"debug":    Object{"value": false, "label": "OpenStack debug logging", "weight": 20, "type": "checkbox"},
				},
				"provision": Object{
					"metadata": Object{"label": "Provision", "weight": 80, "restrictions": []any{"false"}, "group": "general"},
					"method":   Object{"type": "radio", "value": "image", "label": "Provision method"},
				},
				"repo_setup": Object{
					"metadata": Object{"label": "Repositories", "weight": 50, "group": "general", "always_editable": true},
					"repos": Object{
						"type": "custom_repo_configuration", "extra_priority": nil,
						"description": "Please note: the first repository will be considered the operating system mirror that will be used during node provisioning.",
						"value":       repositories,
					},
					"uca_openstack_release": Object{"type": "hidden", "value": "mitaka", "weight": 100},
				},
			},
			"generated": Object{"cobbler": Object{"profile": Object{"generator_arg": "ubuntu_1404_x86_64"}}},
		},
	}).(Object)
}

func deb(name, uri, suite, section string, priority any) Object {
	return Object{"type": "deb", "name": name, "uri": uri, "suite": suite, "section": section, "priority": priority}
}

func ubuntu() []any {
	const archive, mos = "http://archive.ubuntu.com/ubuntu/", "http://mirror.fuel-infra.org/mos-repos/ubuntu/{cluster.release.environment_version}"
	return []any{
		deb("ubuntu", archive, "trusty", "main universe multiverse", nil),
		deb("ubuntu-updates", archive, "trusty-updates", "main universe multiverse", nil),
		deb("ubuntu-security", archive, "trusty-security", "main universe multiverse", nil),
		deb("mos", mos, "mos{cluster.release.environment_version}", "main restricted", 1050),
		deb("mos-updates", mos, "mos{cluster.release.environment_version}-updates", "main restricted", 1050),
		deb("mos-security", mos, "mos{cluster.release.environment_version}-security", "main restricted", 1050),
		deb("mos-holdback", mos, "mos{cluster.release.environment_version}-holdback", "main restricted", 1100),
		deb("Auxiliary", "http://{settings.MASTER_IP}:8080/{cluster.release.version}/ubuntu/auxiliary", "auxiliary", "main restricted", 1150),
	}
}

func centos() []any {
	rpm := func(name, uri string) Object {
		return Object{"type": "rpm", "name": name, "uri": uri, "priority": nil}
	}
	const base = "http://{settings.MASTER_IP}:8080/{cluster.release.version}/centos/"
	return []any{
		rpm("mos", base+"x86_64"),
		rpm("mos-updates", "http://mirror.fuel-infra.org/mos-repos/centos/updates/"),
		rpm("mos-security", "http://mirror.fuel-infra.org/mos-repos/centos/security/"),
		rpm("Auxiliary", base+"auxiliary"),
	}
}
