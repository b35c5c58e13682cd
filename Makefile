# Thin on purpose: what a target does is Python's business, in support/upkeep/install.py and the modules it runs.
PYTHON ?= python3
RUN = $(PYTHON) support/upkeep/install.py run
N ?= 20
LOADED ?= 5
CROWDED ?= 1
ARGS ?=

.PHONY: help lab test gates steady bench format lesson refresh lock

help: ## this list · 이 목록
	@awk -F ":.* ## " '/^[a-z]+:.*##/ {printf "make %-8s %s\n", $$1, $$2}' Makefile

lab: ## open JupyterLab on the first notebook · 첫 노트북을 JupyterLab으로 열기
	$(PYTHON) support/upkeep/install.py lab $(ARGS)

test: ## re-run every cell, compare every output, run the tests · 모든 셀을 다시 실행해 출력을 비교하고 테스트 실행
	$(RUN) -m pytest --nbval -n logical $(ARGS)

gates: ## the long proofs · 오래 걸리는 검증
	$(RUN) -m pytest -m "gate and not alone" -n logical tests $(ARGS)
	$(RUN) -m pytest -m "gate and alone" tests $(ARGS)

steady: ## make test N times, LOADED times on busy cores, CROWDED times beside thirty · make test를 N번, 바쁜 CPU에서 LOADED번, 서른 명 옆에서 CROWDED번 실행
	$(RUN) tests/steady.py $(N) $(LOADED) $(CROWDED) $(ARGS)

bench: ## how quickly servers start · 서버가 뜨는 속도
	$(RUN) tests/benchmark.py $(ARGS)

format: ## format the cells; bring minutes, neighbours and README tables up to date · 셀 정리, 시간·앞뒤 레슨·README 표 갱신
	$(RUN) -m support.upkeep.tidy $(ARGS)

lesson: ## a new lesson: NAME=1-wsgi/1.5-build-a-server · 새 레슨의 뼈대 만들기
	$(RUN) -m support.upkeep.lesson $(NAME)

refresh: ## re-run all notebooks and store their outputs · 모든 노트북을 실행해 출력 저장
	$(RUN) -m support.upkeep.refresh $(ARGS)

lock: ## after a change in pyproject.toml; needs uv · 의존성을 바꾼 뒤 버전 고정(uv 필요)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate -o support/upkeep/requirements.lock
