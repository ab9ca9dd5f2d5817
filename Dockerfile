# Photochrom's service in a container: the page and the API on port 8421, the models inside, nothing uploaded anywhere.
#
#   docker build -t photochrom .
#   docker run --rm -p 127.0.0.1:8421:8421 -e PHOTOCHROM_API_KEY=… -v photochrom:/work photochrom
#
# From outside a container "this machine only" means nothing, so the service asks for an API key and does not start
# without one: by that variable, or by --api-key-file and a secret. docs/service.md says more.

# The wheel is built apart, so that its sources and tools stay out of the image.
FROM python:3.12-slim AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src ./src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels \
    pip install --no-cache-dir --root-user-action=ignore "$(ls /wheels/photochrom-*.whl)[serve]"

# It serves as a user who owns nothing but the work folder: uploads and batches, which outlive the container in a volume.
RUN useradd --system --no-create-home --uid 10001 photochrom && install --directory --owner=photochrom /work
USER photochrom
VOLUME /work

# The start loads the model into every worker.
EXPOSE 8421
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8421/healthz', timeout=4)"]
ENTRYPOINT ["photochrom"]
CMD ["serve", "--host", "0.0.0.0", "--work", "/work"]
