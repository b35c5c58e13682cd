diagnosis = ['Host', 'slash', 'Upgrade']
