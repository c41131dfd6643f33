"use strict";
// The camera of this machine in a video of the page, and a picture as the file of a field.
class CameraStream {
  #stream = null;
  #opening = false;
  #video;
  #refuse;

  constructor(video, refuse) {  // refuse: called where there is no camera, or it may not be used
    this.#video = video;
    this.#refuse = refuse;
  }
  get isOpen() {
    return this.#stream !== null;
  }
  async open() {  // whether the video shows it now
    if (this.#opening) return false;  // a second press while the permission is asked for would leave a stream running
    this.#opening = true;
    this.end();
    try {
      const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 3840 }, height: { ideal: 2160 } };
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
      this.#video.srcObject = this.#stream;
      await this.#video.play();
      return true;
    } catch {
      this.#refuse();
      return false;
    } finally {
      this.#opening = false;
    }
  }
  end() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
  }
}

function chooseFile(field, picture) {  // a JPEG becomes the file of a field, as if somebody had chosen it
  const files = new DataTransfer();
  files.items.add(new File([picture], "camera.jpg", { type: "image/jpeg" }));
  field.files = files.files;
}
